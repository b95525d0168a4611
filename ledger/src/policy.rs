//! C2SP trust policies: which logs are known, which witnesses, and how many of them must have seen a checkpoint.
//!
//! Beyond the specification a policy is UTF-8, and no public key may appear twice in it, be it once as a log and once
//! as a witness: a log that is its own witness witnesses nothing.

use crate::checkpoint::{CheckpointError, SignedCheckpoint};
use crate::decimal;
use crate::note::{Algorithm, Verified, VerifierKey, VerifierKeyError};

/// The largest policy file.
pub const POLICY_BYTES_MAX: usize = 64 * 1024;

const NO_QUORUM: &str = "none";

/// Why a policy file was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyError {
    /// The file is larger than [`POLICY_BYTES_MAX`].
    #[error("the policy is larger than {POLICY_BYTES_MAX} bytes")]
    TooLarge,
    /// Not UTF-8, or a control character other than tab and newline.
    #[error("the policy is not plain text")]
    NotText,
    /// The last line has no newline.
    #[error("the last line of the policy does not end")]
    UnendedLine,
    /// A line is refused.
    #[error("line {line} of the policy is not acceptable")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        fault: LineFault,
    },
    /// There is no quorum line.
    #[error("the policy does not say which quorum it asks for")]
    NoQuorum,
}

/// What is wrong with a line of a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LineFault {
    /// An unknown first word, or words too many or too few.
    #[error("a line begins with `log`, `witness`, `group` or `quorum` and has the words that belong to it")]
    Form,
    /// The verifier key is refused.
    #[error("the key is not a verifier key")]
    Key(#[source] VerifierKeyError),
    /// A log's key that cosigns, or a witness's that does not.
    #[error("the key is not of the algorithm for its purpose")]
    Algorithm,
    /// The public key stands on an earlier line too.
    #[error("the same public key is already in the policy")]
    DuplicateKey,
    /// The name is taken, or is `none`.
    #[error("the name `{}` is taken", .name.escape_debug())]
    NameTaken {
        /// The name.
        name: String,
    },
    /// No earlier line defines the name.
    #[error("the name `{}` is not defined before", .name.escape_debug())]
    UnknownName {
        /// The name.
        name: String,
    },
    /// The name already is a member of a group.
    #[error("`{}` is already a member of a group", .name.escape_debug())]
    MemberTwice {
        /// The name.
        name: String,
    },
    /// A threshold of zero, or of more than there are members.
    #[error("a group of {members} cannot have this threshold")]
    Threshold {
        /// How many members the group has.
        members: usize,
    },
    /// A second quorum line.
    #[error("the policy already has a quorum")]
    SecondQuorum,
}

/// Why a checkpoint does not satisfy a policy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PolicyRefusal {
    /// The policy has no log of this origin.
    #[error("the policy does not know the log `{}`", .origin.escape_debug())]
    UnknownLog {
        /// The origin of the checkpoint.
        origin: String,
    },
    /// The checkpoint itself is refused.
    #[error("the checkpoint is not acceptable")]
    Checkpoint(#[source] CheckpointError),
    /// Too few witnesses, or not the right ones, have cosigned.
    #[error("the witnesses of the checkpoint are not the quorum that the policy asks for")]
    Quorum,
}

/// A policy: what one trusts about logs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    logs: Vec<VerifierKey>,
    // INVARIANT: members and the quorum are indices of earlier parties, so a fold from the front finds them decided.
    parties: Vec<Party>,
    quorum: Option<usize>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Party {
    name: String,
    rule: Rule,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rule {
    Witness(VerifierKey),
    Group { threshold: usize, members: Vec<usize> },
}

impl Policy {
    /// Reads a policy file.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        if bytes.len() > POLICY_BYTES_MAX {
            return Err(PolicyError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| PolicyError::NotText)?;
        if text.bytes().any(|byte| byte == 0x7f || byte < b' ' && byte != b'\t' && byte != b'\n') {
            return Err(PolicyError::NotText);
        }
        let mut draft = Draft::default();
        for (n, line) in text.split_inclusive('\n').enumerate() {
            let line = line.strip_suffix('\n').ok_or(PolicyError::UnendedLine)?;
            draft.line(line).map_err(|fault| PolicyError::Line { line: n + 1, fault })?;
        }
        let quorum = draft.quorum.ok_or(PolicyError::NoQuorum)?;
        Ok(Self { logs: draft.logs, parties: draft.parties, quorum })
    }

    /// The known logs.
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// The known witnesses.
    pub fn witnesses(&self) -> Vec<&VerifierKey> {
        self.parties.iter().filter_map(|party| party.rule.witness()).collect()
    }

    /// Whether these cosignatures are enough. Those of keys that the policy does not name count for nothing.
    pub fn quorum_met(&self, cosignatures: &[Verified<'_>]) -> bool {
        let mut met: Vec<bool> = Vec::with_capacity(self.parties.len());
        for party in &self.parties {
            met.push(party.rule.met(cosignatures, &met));
        }
        self.quorum.is_none_or(|quorum| met.get(quorum) == Some(&true))
    }

    /// Checks that one of the known logs has signed and that the quorum is met; gives the cosignatures.
    ///
    /// The origin of a checkpoint is the name of its log's key.
    pub fn check<'k>(&'k self, signed: &SignedCheckpoint) -> Result<Vec<Verified<'k>>, PolicyRefusal> {
        let origin = signed.checkpoint().origin();
        let logs: Vec<_> = self.logs.iter().filter(|log| log.name() == origin).collect();
        if logs.is_empty() {
            return Err(PolicyRefusal::UnknownLog { origin: origin.to_owned() });
        }
        let cosignatures = signed.verify_any(origin, &logs, &self.witnesses());
        let cosignatures = cosignatures.map_err(PolicyRefusal::Checkpoint)?;
        if self.quorum_met(&cosignatures) { Ok(cosignatures) } else { Err(PolicyRefusal::Quorum) }
    }
}

impl Rule {
    fn witness(&self) -> Option<&VerifierKey> {
        match self {
            Self::Witness(key) => Some(key),
            Self::Group { .. } => None,
        }
    }

    fn met(&self, cosignatures: &[Verified<'_>], before: &[bool]) -> bool {
        match self {
            Self::Witness(key) => cosignatures.iter().any(|cosignature| cosignature.key() == key),
            Self::Group { threshold, members } => {
                members.iter().filter(|member| before.get(**member) == Some(&true)).count() >= *threshold
            }
        }
    }
}

/// A policy of which some lines are read.
#[derive(Default)]
struct Draft {
    logs: Vec<VerifierKey>,
    parties: Vec<Party>,
    grouped: Vec<usize>,
    // The outer option says whether the line was seen, the inner one is the party, or none.
    quorum: Option<Option<usize>>,
}

impl Draft {
    fn line(&mut self, line: &str) -> Result<(), LineFault> {
        let words: Vec<&str> = line.split([' ', '\t']).filter(|word| !word.is_empty()).collect();
        match words.as_slice() {
            [] => Ok(()),
            [first, ..] if first.starts_with('#') => Ok(()),
            ["log", key] | ["log", key, _] => self.log(key),
            ["witness", name, key] | ["witness", name, key, _] => self.witness(name, key),
            ["group", name, threshold, members @ ..] if !members.is_empty() => {
                self.group(name, threshold, members)
            }
            ["quorum", name] => self.quorum(name),
            _ => Err(LineFault::Form),
        }
    }

    fn log(&mut self, key: &str) -> Result<(), LineFault> {
        let key = self.fresh_key(key, Algorithm::Log)?;
        self.logs.push(key);
        Ok(())
    }

    fn witness(&mut self, name: &str, key: &str) -> Result<(), LineFault> {
        let key = self.fresh_key(key, Algorithm::Cosigner)?;
        self.define(name, Rule::Witness(key))
    }

    fn group(&mut self, name: &str, threshold: &str, members: &[&str]) -> Result<(), LineFault> {
        let count = members.len();
        let asked = match threshold {
            "any" => Some(1),
            "all" => Some(count),
            number => decimal::parse(number).and_then(|number| usize::try_from(number).ok()),
        };
        let in_range = asked.filter(|asked| (1..=count).contains(asked));
        let threshold = in_range.ok_or(LineFault::Threshold { members: count })?;
        let members = members.iter().map(|member| self.member(member)).collect::<Result<_, _>>()?;
        self.define(name, Rule::Group { threshold, members })
    }

    fn quorum(&mut self, name: &str) -> Result<(), LineFault> {
        if self.quorum.is_some() {
            return Err(LineFault::SecondQuorum);
        }
        self.quorum = Some(if name == NO_QUORUM { None } else { Some(self.party(name)?) });
        Ok(())
    }

    fn fresh_key(&self, text: &str, algorithm: Algorithm) -> Result<VerifierKey, LineFault> {
        let key: VerifierKey = text.parse().map_err(LineFault::Key)?;
        if key.algorithm() != algorithm {
            return Err(LineFault::Algorithm);
        }
        let witnesses = self.parties.iter().filter_map(|party| party.rule.witness());
        if self.logs.iter().chain(witnesses).any(|other| other.key() == key.key()) {
            return Err(LineFault::DuplicateKey);
        }
        Ok(key)
    }

    fn define(&mut self, name: &str, rule: Rule) -> Result<(), LineFault> {
        if name == NO_QUORUM || self.party(name).is_ok() {
            return Err(LineFault::NameTaken { name: name.to_owned() });
        }
        self.parties.push(Party { name: name.to_owned(), rule });
        Ok(())
    }

    /// A party as a member of one group, and of no other.
    fn member(&mut self, name: &str) -> Result<usize, LineFault> {
        let party = self.party(name)?;
        if self.grouped.contains(&party) {
            return Err(LineFault::MemberTwice { name: name.to_owned() });
        }
        self.grouped.push(party);
        Ok(party)
    }

    fn party(&self, name: &str) -> Result<usize, LineFault> {
        let found = self.parties.iter().position(|party| party.name == name);
        found.ok_or_else(|| LineFault::UnknownName { name: name.to_owned() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::checkpoint::Checkpoint;
    use crate::hash::Hash;
    use crate::note::{Cosigner, Signer};
    use crate::signature::SigningKey;
    use proptest::prelude::*;

    fn secret(n: u8) -> SigningKey {
        SigningKey::from_seed(&[n; 32])
    }

    fn log() -> Signer {
        Signer::new("log.example", secret(100)).unwrap()
    }

    fn cosigner(n: u8) -> Cosigner {
        Cosigner::new(&format!("w{n}.example"), secret(n)).unwrap()
    }

    /// The definitions of a log and of witnesses `w1` to `w6`.
    fn parties() -> String {
        let witnesses = (1..=6).map(|n| format!("witness w{n} {}\n", cosigner(n).verifier()));
        format!("log {}\n{}", log().verifier(), witnesses.collect::<String>())
    }

    fn policy(rest: &str) -> Result<Policy, PolicyError> {
        Policy::parse(format!("{}{rest}", parties()).as_bytes())
    }

    fn seen_by(witnesses: &[u8]) -> SignedCheckpoint {
        let checkpoint = Checkpoint::new("log.example", 1, Hash([1; 32])).unwrap();
        let signed = SignedCheckpoint::sign(checkpoint, &log()).unwrap();
        witnesses.iter().fold(signed, |signed, n| signed.cosign(&cosigner(*n), 1_700_000_000).unwrap())
    }

    const NESTED: &str = "group x 2 w1 w2 w3\ngroup y any w4 w5 w6\ngroup both all x y\nquorum both\n";

    #[test]
    fn a_nested_quorum_counts_groups() {
        let policy = policy(NESTED).unwrap();
        for (witnesses, enough) in [
            (&[][..], false),
            (&[1, 2], false),
            (&[4, 5, 6], false),
            (&[1, 4, 5], false),
            (&[1, 3, 6], true),
            (&[1, 2, 3, 4, 5, 6], true),
        ] {
            let verdict = policy.check(&seen_by(witnesses));
            let expected = if enough { Ok(witnesses.len()) } else { Err(PolicyRefusal::Quorum) };
            assert_eq!(verdict.map(|cosignatures| cosignatures.len()), expected, "{witnesses:?}");
        }
    }

    #[test]
    fn witnesses_that_the_policy_does_not_name_count_for_nothing() {
        let policy = policy("group all-known 1 w1 w2\nquorum all-known\n").unwrap();
        assert_eq!(policy.check(&seen_by(&[7, 8, 9])), Err(PolicyRefusal::Quorum));
        assert_eq!(policy.check(&seen_by(&[7, 3, 2])).map(|found| found.len()), Ok(2));
    }

    #[test]
    fn a_policy_without_a_quorum_still_asks_for_the_log() {
        let policy = policy("quorum none\n").unwrap();
        assert_eq!(policy.check(&seen_by(&[])).map(|found| found.len()), Ok(0));
        let other = Policy::parse(b"quorum none\n").unwrap();
        let unknown = PolicyRefusal::UnknownLog { origin: "log.example".to_owned() };
        assert_eq!(other.check(&seen_by(&[])), Err(unknown));
    }

    #[test]
    fn spaces_comments_and_addresses_are_let_be() {
        let text = format!(
            "# who sees what\n\n \t# more\n\tlog  {}\thttps://log.example/\nwitness w1 {} https://w1.example/ \n quorum w1",
            log().verifier(),
            cosigner(1).verifier()
        );
        assert_eq!(Policy::parse(text.as_bytes()), Err(PolicyError::UnendedLine));
        let policy = Policy::parse(format!("{text}\n").as_bytes()).unwrap();
        assert_eq!((policy.logs().len(), policy.witnesses().len()), (1, 1));
        assert!(policy.check(&seen_by(&[1])).is_ok());
    }

    #[test]
    fn a_log_is_not_its_own_witness() {
        let own = Cosigner::new("log.example", secret(100)).unwrap();
        let text = format!("witness self {}\nquorum self\n", own.verifier());
        let fault = LineFault::DuplicateKey;
        assert_eq!(policy(&text), Err(PolicyError::Line { line: 8, fault: fault.clone() }));
        let reversed = format!("witness self {}\nlog {}\nquorum self\n", own.verifier(), log().verifier());
        assert_eq!(Policy::parse(reversed.as_bytes()), Err(PolicyError::Line { line: 2, fault }));
    }

    #[test]
    fn other_lines_are_refused() {
        let taken = |name: &str| LineFault::NameTaken { name: name.to_owned() };
        let unknown = |name: &str| LineFault::UnknownName { name: name.to_owned() };
        let twice = |name: &str| LineFault::MemberTwice { name: name.to_owned() };
        let again = Cosigner::new("another.example", secret(1)).unwrap();
        let fresh = cosigner(9).verifier().to_string();
        for (line, fault) in [
            ("log".to_owned(), LineFault::Form),
            ("logs x".to_owned(), LineFault::Form),
            ("Quorum w1".to_owned(), LineFault::Form),
            ("quorum".to_owned(), LineFault::Form),
            ("quorum w1 w2".to_owned(), LineFault::Form),
            ("group g any".to_owned(), LineFault::Form),
            (format!("witness {fresh}"), LineFault::Form),
            (format!("witness w9 {fresh} https://a b"), LineFault::Form),
            (format!("witness w1 {fresh}"), taken("w1")),
            (format!("witness none {fresh}"), taken("none")),
            ("group w1 any w2".to_owned(), taken("w1")),
            (format!("log {fresh}"), LineFault::Algorithm),
            (format!("witness w9 {}", log().verifier()), LineFault::Algorithm),
            (format!("witness w9 {}", again.verifier()), LineFault::DuplicateKey),
            (format!("log {}", log().verifier()), LineFault::DuplicateKey),
            ("witness w9 x".to_owned(), LineFault::Key(VerifierKeyError::Malformed)),
            ("group g any later".to_owned(), unknown("later")),
            ("group g any g".to_owned(), unknown("g")),
            ("group g any none".to_owned(), unknown("none")),
            ("group g any w1 w1".to_owned(), twice("w1")),
            ("group g any w1\ngroup h any w1".to_owned(), twice("w1")),
            ("group g 0 w1 w2".to_owned(), LineFault::Threshold { members: 2 }),
            ("group g 3 w1 w2".to_owned(), LineFault::Threshold { members: 2 }),
            ("group g 01 w1 w2".to_owned(), LineFault::Threshold { members: 2 }),
            ("group g +1 w1 w2".to_owned(), LineFault::Threshold { members: 2 }),
            ("group g most w1 w2".to_owned(), LineFault::Threshold { members: 2 }),
            ("quorum later".to_owned(), unknown("later")),
            ("quorum none\nquorum none".to_owned(), LineFault::SecondQuorum),
        ] {
            let number = 7 + line.lines().count();
            assert_eq!(
                policy(&format!("{line}\n")),
                Err(PolicyError::Line { line: number, fault }),
                "{line}"
            );
        }
        assert_eq!(policy(""), Err(PolicyError::NoQuorum));
        for bad in ["\r", "\0", "\u{7f}", "\u{1b}"] {
            assert_eq!(policy(&format!("# {bad}\nquorum none\n")), Err(PolicyError::NotText), "{bad:?}");
        }
        assert_eq!(Policy::parse(b"# \xff\nquorum none\n"), Err(PolicyError::NotText));
        let long = format!("#{}\nquorum none\n", "x".repeat(POLICY_BYTES_MAX));
        assert_eq!(Policy::parse(long.as_bytes()), Err(PolicyError::TooLarge));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes: Vec<u8>, words in "((log|witness|group|quorum|none|w1|any|2|#)[ \t\n]){0,20}") {
            drop(Policy::parse(&bytes));
            drop(policy(&words));
        }
    }
}
