//! `bad-image`: the template of a workload names an image that is not there.

use serde_json::{Value, json};

use super::FaultKind;
use crate::fault::{
    catalogue::{Deed, Judged, Param, ParamType, Row, Wanted},
    drivers::{
        CompileError,
        template::{self, Template},
        words::spoken,
    },
    evidence::{self, Expected},
    plan::Plan,
    sign::Sign,
};

/// Longest tag of an image (OCI distribution specification).
const LONGEST_TAG: usize = 128;

pub(super) const ROW: Row = Row {
    kind: FaultKind::BadImage,
    doc: "New pods of a workload wait for an image that cannot be pulled.",
    example: "bad-image deployment/reviews",
    params: &[
        Param::optional(
            "image",
            ParamType::Text("an image reference such as nginx:missing"),
            "the image instead; the current one with a tag that is not there when absent",
        ),
        template::CONTAINER,
    ],
    targets: template::TARGETS,
    scopes: &[],
    sees: &[],
    judged: Judged::Pods,
    checks: None,
    drivers: &[template::by_patch("another image in the pod template", compile)],
    expects,
};

fn compile(wanted: &Wanted<'_>) -> Result<Plan, CompileError> {
    let template = Template::of(wanted)?;
    let current = template.container.get("image").and_then(Value::as_str).unwrap_or_default();
    let image = wanted.deed.given_text("image").map_or_else(|| missing(current), str::to_owned);
    if image.split_whitespace().count() != 1 {
        return Err(CompileError::CannotExpress {
            what: format!("`{image}` is no image reference"),
            fix: format!("write one such as {}", missing(current)),
        });
    }
    let title = format!("Give {} the image {image} for {}", template.called(), spoken(wanted.fault.duration));
    let mut plan = template.change(wanted, json!({"image": image}), title)?;
    plan.predicts.push("new pods stay in ErrImagePull and ImagePullBackOff unless the image is there".to_owned());
    template::stalls(&mut plan);
    Ok(plan)
}

/// The image with a tag nobody made. A digest would have to be one of the registry's form, so it gives way to the tag.
fn missing(image: &str) -> String {
    let name = image.split_once('@').map_or(image, |(name, _)| name);
    // A colon before the last slash is the port of a registry.
    let (name, tag) = match name.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')) {
        Some((name, tag)) => (name, Some(tag)),
        None => (name, None),
    };
    let made = match tag {
        Some(tag) => {
            let kept: String = tag.chars().take(LONGEST_TAG - "-brink-missing".len()).collect();
            format!("{kept}-brink-missing")
        }
        None => "brink-missing".to_owned(),
    };
    format!("{name}:{made}")
}

fn expects(plan: &Plan, _: &Deed) -> Expected {
    evidence::sign(plan, Sign::unready)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::missing;

    #[rstest]
    #[case("nginx", "nginx:brink-missing")]
    #[case("nginx:1.27", "nginx:1.27-brink-missing")]
    #[case("registry:5000/shop/app", "registry:5000/shop/app:brink-missing")]
    #[case("registry:5000/shop/app:1", "registry:5000/shop/app:1-brink-missing")]
    #[case("app:1@sha256:0123", "app:1-brink-missing")]
    fn a_missing_image_is_of_the_same_name(#[case] image: &str, #[case] expected: &str) {
        assert_eq!(missing(image), expected);
        assert!(missing(&format!("app:{}", "x".repeat(128))).len() <= "app:".len() + 128);
    }
}
