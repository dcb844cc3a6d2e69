//! `man`: the manual page, all commands on one page.

use clap::CommandFactory;

use super::{
    Ended, Ending,
    args::Cli,
    failure::{Code, Failure},
    out::Out,
};

/// Prints the page in roff; `brink man | man -l -` reads it.
pub fn run(out: &mut Out) -> Ended {
    let mut page = Vec::new();
    let mut command = Cli::command();
    command.build();
    render(&command, &mut page).map_err(|error| {
        Failure::new(Code::Unmet, "cannot render the manual page", error.to_string(), "report this as a defect")
    })?;
    out.text(String::from_utf8_lossy(&page));
    Ok(Ending::Done)
}

fn render(command: &clap::Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    clap_mangen::Man::new(command.clone()).render(page)?;
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        sections(below, page)?;
    }
    Ok(())
}

/// A subcommand as sections of the one page, and what is below it.
fn sections(command: &clap::Command, page: &mut Vec<u8>) -> std::io::Result<()> {
    let name = command.get_bin_name().unwrap_or_else(|| command.get_name()).to_uppercase();
    page.extend_from_slice(format!(".SH \"{name}\"\n").as_bytes());
    let man = clap_mangen::Man::new(command.clone());
    let mut body = Vec::new();
    man.render_description_section(&mut body)?;
    man.render_synopsis_section(&mut body)?;
    man.render_options_section(&mut body)?;
    let body = String::from_utf8_lossy(&body).replace(".SH ", ".SS ");
    page.extend_from_slice(body.as_bytes());
    for below in command.get_subcommands().filter(|below| !below.is_hide_set()) {
        sections(below, page)?;
    }
    Ok(())
}
