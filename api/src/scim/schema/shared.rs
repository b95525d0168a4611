//! What several resources have alike.

use super::Attribute;

/// Which schemas a resource has. Every resource has it, and `/Schemas` does not list it.
pub(in super::super) const SCHEMAS: &Attribute = &COMMON_SCHEMAS;
/// What the server knows about a resource.
pub(in super::super) const META: &Attribute = &COMMON_META;

const COMMON_SCHEMAS: Attribute = Attribute {
    returned: super::Returned::Always,
    ..Attribute::reference("schemas", &["uri"], "The schemas of what the resource has").many().of_server()
};

const COMMON_META: Attribute =
    Attribute::complex("meta", META_SUBS, "What the server knows about the resource").of_server();

/// What every resource has.
pub(super) const COMMON: &[Attribute] = &[
    COMMON_SCHEMAS,
    Attribute {
        returned: super::Returned::Always,
        ..Attribute::text("id", "The lasting name that the server gave").exact().of_server().unique()
    },
    Attribute::text("externalId", "The name that the client gave").exact(),
    COMMON_META,
];

const META_SUBS: &[Attribute] = &[
    Attribute::text("resourceType", "The type of the resource").exact().of_server(),
    Attribute::new("created", super::Type::DateTime, "When it was added").of_server(),
    Attribute::new("lastModified", super::Type::DateTime, "When it was last changed").of_server(),
    Attribute::reference("location", &["uri"], "Where it is").of_server(),
    Attribute::text("version", "The version that it is in").exact().of_server(),
];

const DISPLAY: Attribute = Attribute::text("display", "A name to show");
const TYPE: Attribute = Attribute::text("type", "What it is for");
const PRIMARY: Attribute = Attribute::truth("primary", "Whether it is the first choice; at most one is");

/// A value for some purpose, of which one may be the first choice.
pub(super) const VALUE: &[Attribute] = &[Attribute::text("value", "The value"), DISPLAY, TYPE, PRIMARY];

/// Such values whose purposes are mostly work or home.
pub(super) const PLACED: &[Attribute] =
    &[Attribute::text("value", "The value"), DISPLAY, TYPE.known(&["work", "home", "other"]), PRIMARY];

/// Telephone numbers.
pub(super) const PHONES: &[Attribute] = &[
    Attribute::text("value", "The number"),
    DISPLAY,
    TYPE.known(&["work", "home", "mobile", "fax", "pager", "other"]),
    PRIMARY,
];

/// Names in messengers.
pub(super) const IMS: &[Attribute] = &[
    Attribute::text("value", "The name there"),
    DISPLAY,
    TYPE.known(&["aim", "gtalk", "icq", "xmpp", "msn", "skype", "qq", "yahoo"]),
    PRIMARY,
];

/// Pictures.
pub(super) const PHOTOS: &[Attribute] = &[
    Attribute::reference("value", &["external"], "Where the picture is"),
    DISPLAY,
    TYPE.known(&["photo", "thumbnail"]),
    PRIMARY,
];

/// Postal addresses.
pub(super) const ADDRESSES: &[Attribute] = &[
    Attribute::text("formatted", "The whole address, with line breaks"),
    Attribute::text("streetAddress", "Street and number"),
    Attribute::text("locality", "City"),
    Attribute::text("region", "State or region"),
    Attribute::text("postalCode", "Postal code"),
    Attribute::text("country", "Country, as in ISO 3166-1"),
    TYPE.known(&["work", "home", "other"]),
    PRIMARY,
];

/// Certificates.
pub(super) const CERTIFICATES: &[Attribute] = &[
    Attribute::new("value", super::Type::Binary, "The certificate, DER in base64").exact(),
    DISPLAY,
    TYPE,
    PRIMARY,
];

/// Groups that the resource is in.
pub(super) const MEMBERSHIPS: &[Attribute] = &[
    Attribute::text("value", "The id of the group").exact().of_server(),
    Attribute::reference("$ref", &["Group"], "Where the group is").of_server(),
    Attribute::text("display", "The name of the group").of_server(),
    Attribute::text("type", "Whether the resource is in it itself")
        .known(&["direct", "indirect"])
        .of_server(),
];

/// Resources that the server names.
pub(super) const OTHERS: &[Attribute] = &[
    Attribute::text("value", "The id of the resource").exact().of_server(),
    Attribute::reference("$ref", &["uri"], "Where the resource is").of_server(),
    Attribute::text("display", "The name of the resource").of_server(),
];
