"""Answers questions about filters and patches with scim2-models, one line of JSON to each line of the file that is named."""

import functools
import json
import sys

from pydantic import ValidationError
from scim2_models import Context, EnterpriseUser, PatchOp, SCIMException, ScimFilter, ScimPolicy, User

Person = User[EnterpriseUser]
TOLERANT = ScimPolicy(
    unknown=ScimPolicy.Unknown.ignore,
    remove_value_as_filter=ScimPolicy.RemoveValue.apply,
    unmatched_path_filter=ScimPolicy.UnmatchedPathFilter.create,
)


@functools.lru_cache(maxsize=None)
def read_filter(text):
    return ScimFilter[Person](text)


def find(question):
    return read_filter(question["filter"]).match(Person.model_validate(question["resource"]))


def change(question):
    policy = TOLERANT if question["mode"] == "tolerant" else ScimPolicy()
    person = Person.model_validate(question["resource"])
    body = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": question["operations"]}
    try:
        patch = PatchOp[Person].model_validate(body, scim_ctx=Context.RESOURCE_PATCH_REQUEST, scim_policy=policy)
        changed = patch.patch(person, policy)
    except ValidationError as error:
        return {"error": error.errors()[0]["type"].removeprefix("scim_"), "detail": str(error)}
    except SCIMException as error:
        return {"error": error.scim_type, "detail": str(error)}
    return {"changed": changed, "resource": person.model_dump()}


with open(sys.argv[1], encoding="utf-8") as questions:
    for line in questions:
        question = json.loads(line)
        print(json.dumps(find(question) if "filter" in question else change(question)))
