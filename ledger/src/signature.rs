//! Ed25519 keys and signatures, checked strictly, and the messages that Deed's keys sign.
//!
//! Strictly means that the encodings of A, R and S are canonical, that A and R are not of small order, and that the
//! equation holds without the cofactor. Signatures are always checked one by one: checking a batch accepts others.

use crate::hash::{Hash, to_base64};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsBasepointTable};
use curve25519_dalek::{constants::ED25519_BASEPOINT_TABLE, scalar::Scalar, traits::BasepointTable};
use ed25519_dalek::hazmat::{ExpandedSecretKey, raw_sign};
use ed25519_dalek::{Signature as DalekSignature, VerifyingKey};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha512};
use std::fmt;
use zeroize::Zeroizing;

const EVENT_CONTEXT: &[u8; 14] = b"deed/event/v1\0";
const EVENT_MESSAGE_BYTES: usize = EVENT_CONTEXT.len() + 32;

/// An Ed25519 signature: R, then S.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Signature(pub [u8; 64]);

impl fmt::Debug for Signature {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&to_base64(&self.0))
    }
}

/// The signature does not verify; there is no more to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the signature does not verify")]
pub struct BadSignature;

/// Why 32 bytes are no public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The bytes name no point of the curve.
    #[error("the bytes are not a point of the curve")]
    NotAPoint,
    /// The point has another, shorter encoding.
    #[error("the encoding of the key is not canonical")]
    NotCanonical,
    /// Under such a key one signature verifies for many messages.
    #[error("the key is of small order")]
    SmallOrder,
}

/// The operating system gave no randomness.
#[derive(Debug, thiserror::Error)]
#[error("could not draw a random seed")]
pub struct RandomnessError(#[source] getrandom::Error);

/// A public key of full order in its one canonical encoding.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Reads the 32 bytes of RFC 8032.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<Self, KeyError> {
        let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::NotAPoint)?;
        if key.is_weak() {
            return Err(KeyError::SmallOrder);
        }
        if key.to_edwards().compress().as_bytes() != bytes {
            return Err(KeyError::NotCanonical);
        }
        Ok(Self(key))
    }

    /// The 32 bytes of RFC 8032.
    pub fn as_bytes(&self) -> &[u8; 32] {
        self.0.as_bytes()
    }

    /// Checks one signature strictly. For many under one key see [`FastVerifier`].
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        let signature = DalekSignature::from_bytes(&signature.0);
        self.0.verify_strict(message, &signature).map_err(|_| BadSignature)
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "PublicKey({})", to_base64(self.as_bytes()))
    }
}

/// A secret key, expanded once. It signs only with the public key that it derived itself: with another one, two
/// signatures of one message would give the secret away.
pub struct SigningKey {
    seed: Zeroizing<[u8; 32]>,
    expanded: ExpandedSecretKey,
    public: PublicKey,
}

impl SigningKey {
    /// The key of a seed. Who calls wipes their own copy of it.
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let expanded = ExpandedSecretKey::from(seed);
        let public = PublicKey(VerifyingKey::from(&expanded));
        Self { seed: Zeroizing::new(*seed), expanded, public }
    }

    /// A key of a fresh random seed.
    pub fn generate() -> Result<Self, RandomnessError> {
        let mut seed = Zeroizing::new([0; 32]);
        getrandom::fill(seed.as_mut()).map_err(RandomnessError)?;
        Ok(Self::from_seed(&seed))
    }

    /// The seed, to be kept where secrets are kept.
    pub fn seed(&self) -> &[u8; 32] {
        &self.seed
    }

    /// The public half.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Signs a message.
    pub fn sign(&self, message: &[u8]) -> Signature {
        Signature(raw_sign::<Sha512>(&self.expanded, message, &self.public.0).to_bytes())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "SigningKey(of {:?})", self.public)
    }
}

/// Checks many signatures under one key, each on its own and exactly as [`PublicKey::verify`] does.
///
/// It keeps a table of multiples of −A (30 KiB), so that `R' = S·B + k·(−A)` needs no doublings, and compares
/// encodings, so that R need not be decompressed.
pub struct FastVerifier {
    public: PublicKey,
    negated: Box<EdwardsBasepointTable>,
}

impl FastVerifier {
    /// Prepares the table of a key.
    pub fn new(public: &PublicKey) -> Self {
        let negated = Box::new(EdwardsBasepointTable::create(&-public.0.to_edwards()));
        Self { public: *public, negated }
    }

    /// The key.
    pub fn public(&self) -> &PublicKey {
        &self.public
    }

    /// Checks one signature strictly.
    pub fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), BadSignature> {
        let (r, s) = halves(&signature.0);
        let s = Option::<Scalar>::from(Scalar::from_canonical_bytes(s)).ok_or(BadSignature)?;
        let hash = Sha512::new().chain_update(r).chain_update(self.public.as_bytes()).chain_update(message);
        let k = Scalar::from_bytes_mod_order_wide(&hash.finalize().into());
        let expected = ED25519_BASEPOINT_TABLE * &s + &*self.negated * &k;
        // `compress` gives canonical bytes, so a match also says that R is canonical and is this very point.
        if expected.compress() != CompressedEdwardsY(r) || expected.is_small_order() {
            return Err(BadSignature);
        }
        Ok(())
    }
}

impl fmt::Debug for FastVerifier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "FastVerifier(of {:?})", self.public)
    }
}

fn halves(signature: &[u8; 64]) -> ([u8; 32], [u8; 32]) {
    let (mut r, mut s) = ([0; 32], [0; 32]);
    for (half, bytes) in [&mut r, &mut s].into_iter().zip(signature.as_chunks::<32>().0) {
        *half = *bytes;
    }
    (r, s)
}

/// What the event key signs: `"deed/event/v1" ‖ 0x00 ‖ leaf hash`.
pub fn event_message(leaf_hash: &Hash) -> [u8; EVENT_MESSAGE_BYTES] {
    let mut message = [0; EVENT_MESSAGE_BYTES];
    let parts = EVENT_CONTEXT.iter().chain(&leaf_hash.0);
    message.iter_mut().zip(parts).for_each(|(to, from)| *to = *from);
    message
}

/// Which of the ledger's two keys a rotation replaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// The key that signs events.
    Events,
    /// The key that signs checkpoints.
    Checkpoints,
}

impl Purpose {
    /// The word for it in events and in the signed message.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Checkpoints => "checkpoints",
        }
    }

    /// Reads the word.
    pub fn parse(word: &str) -> Option<Self> {
        [Self::Events, Self::Checkpoints].into_iter().find(|purpose| purpose.as_str() == word)
    }
}

/// What a new key signs to show that it is held by who rotates to it.
#[derive(Clone, Copy, Debug)]
pub struct Rotation<'a> {
    /// The ledger id.
    pub ledger: &'a str,
    /// Which key is replaced.
    pub purpose: Purpose,
    /// The position of the event that tells of it.
    pub seq: u64,
    /// The key replaced.
    pub old: &'a PublicKey,
    /// The key in its place.
    pub new: &'a PublicKey,
}

impl Rotation<'_> {
    /// `"deed/rotation/v1" ‖ 0x00 ‖ ledger id ‖ 0x00 ‖ purpose ‖ 0x00 ‖ u64be(seq) ‖ H(old ‖ new)`.
    pub fn message(&self) -> Vec<u8> {
        let keys = Hash::of(&[self.old.as_bytes(), self.new.as_bytes()]);
        let words = ["deed/rotation/v1", self.ledger, self.purpose.as_str(), ""].join("\0");
        [words.as_bytes(), &self.seq.to_be_bytes(), &keys.0].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::array_from_hex;
    use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
    use curve25519_dalek::edwards::EdwardsPoint;
    use proptest::prelude::*;

    const SPECCHECK: &str = include_str!("../../fixtures/vectors/speccheck.txt");
    /// The order of the base point, little-endian.
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];

    /// What both ways of checking say; they must agree.
    fn accepts(key: &PublicKey, message: &[u8], signature: &Signature) -> bool {
        let strict = key.verify(message, signature);
        assert_eq!(FastVerifier::new(key).verify(message, signature), strict, "{key:?} {signature:?}");
        strict.is_ok()
    }

    fn challenge(r: &[u8; 32], a: &[u8; 32], message: &[u8]) -> Scalar {
        let hash = Sha512::new().chain_update(r).chain_update(a).chain_update(message).finalize();
        Scalar::from_bytes_mod_order_wide(&hash.into())
    }

    fn joined(r: [u8; 32], s: [u8; 32]) -> Signature {
        Signature([r, s].concat().try_into().unwrap())
    }

    #[test]
    fn of_the_twelve_edge_cases_strict_verification_accepts_the_fourth_alone() {
        let mut cases = 0;
        for (case, line) in SPECCHECK.lines().enumerate() {
            let [message, key, signature] = line.split(' ').collect::<Vec<_>>().try_into().unwrap();
            let message: [u8; 32] = array_from_hex(message.as_bytes()).unwrap();
            let signature = Signature(array_from_hex(signature.as_bytes()).unwrap());
            let key = PublicKey::from_bytes(&array_from_hex(key.as_bytes()).unwrap());
            match case {
                0 | 1 | 10 | 11 => assert_eq!(key, Err(KeyError::SmallOrder), "case {case}"),
                _ => assert_eq!(accepts(&key.unwrap(), &message, &signature), case == 3, "case {case}"),
            }
            cases += 1;
        }
        assert_eq!(cases, 12);
    }

    #[test]
    fn the_first_vectors_of_rfc_8032_are_met() {
        let vectors = [
            (
                "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
                &[][..],
                "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
            ),
            (
                "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
                &[0x72],
                "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
            ),
        ];
        for (seed, public, message, signature) in vectors {
            let key = SigningKey::from_seed(&array_from_hex(seed.as_bytes()).unwrap());
            assert_eq!(Some(*key.public().as_bytes()), array_from_hex(public.as_bytes()));
            let signature = Signature(array_from_hex(signature.as_bytes()).unwrap());
            assert_eq!(key.sign(message), signature);
            assert!(accepts(key.public(), message, &signature));
        }
    }

    #[test]
    fn keys_of_small_order_and_in_other_encodings_are_refused() {
        for point in EIGHT_TORSION {
            assert_eq!(PublicKey::from_bytes(&point.compress().0), Err(KeyError::SmallOrder));
        }
        // y and y + p name the same point, and the latter fits in 255 bits for y up to 18.
        let (mut seen, mut low) = (0, [0xff; 32]);
        for byte in 0xed..=0xff {
            (low[0], low[31]) = (byte, 0x7f);
            match PublicKey::from_bytes(&low) {
                Ok(key) => panic!("{key:?} has another encoding"),
                Err(KeyError::NotCanonical) => seen += 1,
                Err(KeyError::NotAPoint | KeyError::SmallOrder) => {}
            }
        }
        assert!(seen > 3, "some of the 19 are points");
        let not_a_point = [2; 32].map(|byte: u8| byte & 0x02);
        let found = (0..=255).map(|byte| PublicKey::from_bytes(&not_a_point.map(|_| byte)));
        assert!(found.into_iter().any(|key| key == Err(KeyError::NotAPoint)));
    }

    #[test]
    fn an_r_of_small_order_is_refused() {
        let secret = Scalar::from_bytes_mod_order([7; 32]);
        let public = (ED25519_BASEPOINT_POINT * secret).compress().0;
        let key = PublicKey::from_bytes(&public).unwrap();
        // With R = 0 the equation holds for S = k·a.
        let r = EdwardsPoint::default().compress().0;
        let signature = joined(r, (challenge(&r, &public, b"m") * secret).to_bytes());
        assert!(!accepts(&key, b"m", &signature));
        let lenient = VerifyingKey::from_bytes(&public).unwrap();
        let dalek = DalekSignature::from_bytes(&signature.0);
        assert!(ed25519_dalek::Verifier::verify(&lenient, b"m", &dalek).is_ok(), "the test is to the point");
        for point in EIGHT_TORSION {
            let r = point.compress().0;
            let signature = joined(r, (challenge(&r, &public, b"m") * secret).to_bytes());
            assert!(!accepts(&key, b"m", &signature));
        }
    }

    #[test]
    fn a_key_with_a_component_of_small_order_is_treated_alike() {
        let secret = Scalar::from_bytes_mod_order([9; 32]);
        let (mut accepted, mut refused) = (0, 0);
        for torsion in EIGHT_TORSION {
            let public = (ED25519_BASEPOINT_POINT * secret + torsion).compress().0;
            let key = PublicKey::from_bytes(&public).unwrap();
            for nonce in 1..40_u8 {
                let nonce = Scalar::from_bytes_mod_order([nonce; 32]);
                let r = (ED25519_BASEPOINT_POINT * nonce).compress().0;
                let s = nonce + challenge(&r, &public, b"m") * secret;
                let verdict = accepts(&key, b"m", &joined(r, s.to_bytes()));
                *(if verdict { &mut accepted } else { &mut refused }) += 1;
            }
        }
        assert!(accepted > 39 && refused > 39, "{accepted} and {refused}");
    }

    #[test]
    fn messages_have_the_bytes_of_the_format() {
        let message = event_message(&Hash([0xab; 32]));
        assert_eq!(message[..14], *b"deed/event/v1\0");
        assert_eq!(message[14..], [0xab; 32]);
        let (old, new) = (SigningKey::from_seed(&[1; 32]), SigningKey::from_seed(&[2; 32]));
        let (old, new) = (old.public(), new.public());
        let rotation = Rotation { ledger: "led_00", purpose: Purpose::Events, seq: 258, old, new };
        let start = b"deed/rotation/v1\0led_00\0events\0\0\0\0\0\0\0\x01\x02";
        let keys = Hash::of(&[old.as_bytes(), new.as_bytes()]);
        assert_eq!(rotation.message(), [&start[..], &keys.0].concat());
        assert_eq!(Purpose::parse("checkpoints"), Some(Purpose::Checkpoints));
        assert_eq!(Purpose::parse("Events"), None);
    }

    #[test]
    fn a_generated_key_signs_and_does_not_print_its_seed() {
        let (one, two) = (SigningKey::generate().unwrap(), SigningKey::generate().unwrap());
        assert_ne!(one.seed(), two.seed());
        assert!(accepts(one.public(), b"m", &one.sign(b"m")));
        assert_eq!(format!("{one:?}"), format!("SigningKey(of {:?})", one.public()));
    }

    proptest! {
        #[test]
        fn signatures_verify(seed: [u8; 32], message: Vec<u8>) {
            let key = SigningKey::from_seed(&seed);
            prop_assert_eq!(PublicKey::from_bytes(key.public().as_bytes()), Ok(*key.public()));
            prop_assert!(accepts(key.public(), &message, &key.sign(&message)));
        }

        #[test]
        fn a_flipped_bit_is_refused(seed: [u8; 32], mut message in prop::collection::vec(0..=255_u8, 1..80), bit: usize) {
            let key = SigningKey::from_seed(&seed);
            let mut signature = key.sign(&message);
            let mut public = *key.public().as_bytes();
            let bits = (64 + 32 + message.len()) * 8;
            let (byte, mask) = (bit % bits / 8, 1 << (bit % 8));
            match byte {
                0..64 => signature.0[byte] ^= mask,
                64..96 => public[byte - 64] ^= mask,
                _ => message[byte - 96] ^= mask,
            }
            if let Ok(public) = PublicKey::from_bytes(&public) {
                prop_assert!(!accepts(&public, &message, &signature));
            }
        }

        #[test]
        fn s_plus_the_order_is_refused(seed: [u8; 32], message: Vec<u8>) {
            let key = SigningKey::from_seed(&seed);
            let (r, mut s) = halves(&key.sign(&message).0);
            let mut carry = 0;
            for (byte, add) in s.iter_mut().zip(ORDER) {
                let sum = u16::from(*byte) + u16::from(add) + carry;
                (*byte, carry) = (sum.to_le_bytes()[0], sum >> 8);
            }
            prop_assert!(!accepts(key.public(), &message, &joined(r, s)));
        }

        #[test]
        fn any_bytes_are_judged_alike(seed: [u8; 32], message: Vec<u8>, r: [u8; 32], s: [u8; 32], small in 0..8_usize) {
            let key = SigningKey::from_seed(&seed);
            prop_assert!(!accepts(key.public(), &message, &joined(r, s)));
            prop_assert!(!accepts(key.public(), &message, &joined(EIGHT_TORSION[small].compress().0, s)));
        }
    }
}
