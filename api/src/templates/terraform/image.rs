//! The image of the container: by its digest, for each option of a parameter that has a say.

use super::value::{Failure, Reference, Text, Value};
use super::work::{View, Work};
use super::{rules, shell};
use crate::templates::pinned;
use hcl::edit::structure::Attribute;
use ledger::event::workspaces::Kind;
use std::collections::BTreeSet;

/// The attribute of a container that names its image.
pub(super) fn of_container<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let Some(attribute) = view.attribute("image") else {
        return work.refuse(view.site(), "a container has an image");
    };
    let site = view.site_of(attribute);
    match image(work, view, attribute) {
        Ok(image) => {
            work.draft.image = Some(image);
            work.map(site, "container.image");
        }
        Err(why) => work.refuse(site, why),
    }
}

/// A resource that names an image, for containers to name it.
pub(super) fn resource<'a>(work: &mut Work<'a>, view: &View<'a>) {
    let Some(attribute) = view.attribute("name") else {
        return work.refuse(view.site(), "an image has a name");
    };
    work.map(view.site_of(attribute), "container.image, where a container names it");
    let name = work.value(view, attribute).and_then(|name| name.literal());
    let given = name.is_ok_and(|name| pinned(&name, work.options).is_ok());
    for build in work.blocks(view, "build") {
        let file = build.file;
        let outcome = if given {
            crate::templates::report::Outcome::ignored("the digest of what it builds is given")
        } else {
            let why = "Deed builds no images: build it beforehand, and give its digest with `--image`";
            crate::templates::report::Outcome::refused(why)
        };
        work.sheet.mark(build.site(), outcome.clone());
        work.sheet.mark_all(file, build.block, &outcome);
    }
    work.rest(view, rules::IMAGE);
}

fn image<'a>(work: &mut Work<'a>, view: &View<'a>, attribute: &'a Attribute) -> Result<Box<str>, String> {
    let (text, on) = match work.value(view, attribute).and_then(|value| value.to_text()) {
        Ok(text) => {
            let on: BTreeSet<Reference> = text.references().cloned().collect();
            (Some(text), on)
        }
        Err(Failure::Depends(on)) => (None, on),
        Err(failure) => return Err(failure.words()),
    };
    let Some(first) = on.first() else {
        return pinned(&text.unwrap_or_default().literal().map_err(|failure| failure.words())?, work.options);
    };
    match (first, on.len()) {
        (Reference::Parameter(name), 1) => of_options(work, view, attribute, (name, text.as_ref())),
        _ => Err(Failure::Depends(on).words()),
    }
}

/// The image for each option of one parameter.
fn of_options<'a>(
    work: &mut Work<'a>,
    view: &View<'a>,
    attribute: &'a Attribute,
    (name, text): (&str, Option<&Text>),
) -> Result<Box<str>, String> {
    let options = work.machine.world.options(name).filter(|options| !options.is_empty());
    let options = options
        .ok_or_else(|| format!("the parameter `{name}` has no options, so anything could be the image"))?;
    let mut images = Vec::new();
    for option in &options {
        let value = work.machine.assuming(name, option, || work.value(view, attribute));
        let named = value.and_then(|value: Value| value.literal()).map_err(|failure| failure.words())?;
        images.push((pinned(&named, work.options)?, named));
    }
    let same = images.iter().all(|(image, named)| **image == **named);
    if let Some(text) = text.filter(|_| same) {
        return shell::referring(text).map(Into::into);
    }
    rewrite(work, name, &options, images.into_iter().map(|(image, _)| image).collect())?;
    work.rewritten.push((name.to_owned(), view.site_of(attribute)));
    Ok(format!("${{parameter.{name}}}").into())
}

/// Makes the images by their digests the values of the options, under their names.
fn rewrite(work: &mut Work<'_>, name: &str, options: &[String], images: Vec<Box<str>>) -> Result<(), String> {
    let parameter = work.draft.parameters.iter_mut().find(|one| &*one.name == name);
    let Some(parameter) = parameter.filter(|one| one.kind == Kind::Text) else {
        return Err(format!("the parameter `{name}` is no text"));
    };
    if images.iter().collect::<BTreeSet<_>>().len() != images.len() {
        return Err(format!("two options of the parameter `{name}` lead to one image"));
    }
    let of = |value: &str| {
        options.iter().zip(&images).find(|(option, _)| *option == value).map(|(_, image)| image.clone())
    };
    for choice in &mut parameter.options {
        if let Some(image) = of(&choice.value) {
            choice.value = image;
        }
    }
    parameter.default = parameter.default.as_deref().and_then(of);
    Ok(())
}

/// Parameters whose options became images are good for nothing else.
pub(super) fn check_rewritten(work: &mut Work<'_>) {
    for (name, site) in std::mem::take(&mut work.rewritten) {
        let reference = format!("${{parameter.{name}}}");
        let variable = format!("DEED_PARAMETER_{}", name.to_uppercase());
        let used = work.draft.environment.values().any(|value| value.contains(&reference))
            || work.draft.scripts.iter().any(|script| script.contains(&variable));
        if used {
            let why = format!(
                "the parameter `{name}` chooses the image and is used elsewhere: make its options images by their digests, or use two parameters"
            );
            work.refuse(site, why);
        }
    }
}
