//! People (RFC 7643, sections 4.1 and 4.3).

use super::shared::{ADDRESSES, CERTIFICATES, IMS, MEMBERSHIPS, PHONES, PHOTOS, PLACED, VALUE};
use super::{Attribute, Mutability, ResourceType, Returned, Schema};

/// People.
pub static USER: ResourceType = ResourceType {
    name: "User",
    endpoint: "/Users",
    description: "A person with an account",
    schema: &SCHEMA,
    extensions: EXTENSIONS,
};

const EXTENSIONS: &[&Schema] = &[&ENTERPRISE];

static SCHEMA: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:core:2.0:User",
    name: "User",
    description: "A person with an account",
    attributes: ATTRIBUTES,
};

static ENTERPRISE: Schema = Schema {
    id: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
    name: "EnterpriseUser",
    description: "A person's place in a company",
    attributes: ENTERPRISE_ATTRIBUTES,
};

const ATTRIBUTES: &[Attribute] = &[
    Attribute::text("userName", "The name to sign in with, unique whatever its capitals").required().unique(),
    Attribute::complex("name", NAME, "The parts of the name"),
    Attribute::text("displayName", "The name to show"),
    Attribute::text("nickName", "How the person is called"),
    Attribute::reference("profileUrl", &["external"], "A page about the person"),
    Attribute::text("title", "The title, such as Vice President"),
    Attribute::text("userType", "What the person is to the company, such as Contractor"),
    Attribute::text("preferredLanguage", "Languages, as in Accept-Language"),
    Attribute::text("locale", "For dates, numbers and currency, such as en-US"),
    Attribute::text("timezone", "The time zone, such as Europe/Berlin"),
    Attribute::truth("active", "Whether the person may sign in"),
    Attribute {
        mutability: Mutability::WriteOnly,
        returned: Returned::Never,
        ..Attribute::text("password", "A password, which is never shown").exact()
    },
    Attribute::complex("emails", PLACED, "E-mail addresses").many(),
    Attribute::complex("phoneNumbers", PHONES, "Telephone numbers").many(),
    Attribute::complex("ims", IMS, "Names in messengers").many(),
    Attribute::complex("photos", PHOTOS, "Pictures of the person").many(),
    Attribute::complex("addresses", ADDRESSES, "Postal addresses").many(),
    Attribute::complex("groups", MEMBERSHIPS, "The groups that the person is in").many().of_server(),
    Attribute::complex("entitlements", VALUE, "What the person is entitled to").many(),
    Attribute::complex("roles", VALUE, "The roles that the person has").many(),
    Attribute::complex("x509Certificates", CERTIFICATES, "Certificates of the person").many(),
];

const NAME: &[Attribute] = &[
    Attribute::text("formatted", "The whole name"),
    Attribute::text("familyName", "Family name"),
    Attribute::text("givenName", "Given name"),
    Attribute::text("middleName", "Middle names"),
    Attribute::text("honorificPrefix", "What stands before the name, such as Doctor"),
    Attribute::text("honorificSuffix", "What stands behind the name, such as Junior"),
];

const ENTERPRISE_ATTRIBUTES: &[Attribute] = &[
    Attribute::text("employeeNumber", "The number of the person in the company"),
    Attribute::text("costCenter", "The cost center"),
    Attribute::text("organization", "The organization"),
    Attribute::text("division", "The division"),
    Attribute::text("department", "The department"),
    Attribute::complex("manager", MANAGER, "Whom the person reports to"),
];

const MANAGER: &[Attribute] = &[
    Attribute::text("value", "The id of the manager").exact(),
    Attribute::reference("$ref", &["User"], "Where the manager is"),
    Attribute::text("displayName", "The name of the manager").of_server(),
];
