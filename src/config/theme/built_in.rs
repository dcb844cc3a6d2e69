//! The themes that come with brink. `themes/default.toml` documents the format.

/// Every one by name, with the text of its file.
pub const BUILT_IN: [(&str, &str); 15] = [
    ("default", include_str!("../../../themes/default.toml")),
    ("light", include_str!("../../../themes/light.toml")),
    ("quarry", include_str!("../../../themes/quarry.toml")),
    ("undertow", include_str!("../../../themes/undertow.toml")),
    ("greenhouse", include_str!("../../../themes/greenhouse.toml")),
    ("mulberry", include_str!("../../../themes/mulberry.toml")),
    ("kiln", include_str!("../../../themes/kiln.toml")),
    ("lantern", include_str!("../../../themes/lantern.toml")),
    ("porcelain", include_str!("../../../themes/porcelain.toml")),
    ("oatmeal", include_str!("../../../themes/oatmeal.toml")),
    ("meadow", include_str!("../../../themes/meadow.toml")),
    ("high-contrast", include_str!("../../../themes/high-contrast.toml")),
    ("high-contrast-light", include_str!("../../../themes/high-contrast-light.toml")),
    ("colorblind", include_str!("../../../themes/colorblind.toml")),
    ("colorblind-light", include_str!("../../../themes/colorblind-light.toml")),
];

/// The text of a built-in theme.
pub fn built_in(name: &str) -> Option<String> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| (*text).to_owned())
}
