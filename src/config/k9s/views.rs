//! `views: {"GVR[@ns-regex]": {columns, sortColumn}}`.

use super::{
    entry::{At, Taker},
    kinds,
    written::{list, quoted},
    yaml,
};
use crate::{cluster::columns::Column, fault::file::Located};

/// Takes them. A column that cannot be read costs the view no other.
pub fn take(taker: &mut Taker, root: &Located) {
    for (name, value) in taker.below(root, "views") {
        let at = At { line: yaml::line(name), key: format!("views.{}", name.value) };
        let kind = match name.value.split_once('@') {
            Some((kind, pattern)) => format!("{}@{pattern}", kinds::kind(kind)),
            None => kinds::kind(&name.value),
        };
        let mut text = format!("[views.{}]\n", quoted(&kind));
        taker.walk(&at.key, value, &["columns", "sortColumn"], |taker, field, value| {
            if field == "sortColumn" {
                return yaml::text(value).map(|sort| text.push_str(&format!("sort = {}\n", quoted(&sort)))).is_some();
            }
            let Some(columns) = yaml::list(value) else { return false };
            let mut kept = Vec::new();
            for column in columns {
                let Some(written) = yaml::text(column) else { return false };
                match Column::parse(&written) {
                    Ok(_) => kept.push(written),
                    Err(error) => {
                        let at = At { line: yaml::line(column), key: format!("{}.columns", at.key) };
                        taker.leave(&at, format!("`{written}`: {error}"), "correct it, and add it by hand");
                    }
                }
            }
            text.push_str(&format!("columns = {}\n", list(&kept)));
            true
        });
        taker.take(&at, "views.toml", &text);
    }
}
