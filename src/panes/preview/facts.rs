//! The right column: whom it hits, when it ends, what to expect, what stays, what the guardrails say, who interferes, and
//! how it is undone. Lines of words with their meaning, wrapped to a width; the view only places them.

use std::time::Duration;

use crate::{
    base::{sanitize, span, width},
    cluster::warrant::Purpose,
    config::Role,
    fault::{
        catalogue::{Judged, row},
        checked::Checked,
        class::Class,
        preview::{Ruling, TrafficSource, Verdict},
    },
    widgets::{big, meter},
};

/// Words of one line, each with its meaning.
pub type Line = Vec<(String, Role)>;

/// Lines under a heading.
#[derive(Debug, Default)]
pub struct Facts {
    /// The lines.
    pub lines: Vec<Line>,
    cells: usize,
    ascii: bool,
    whole: bool,
}

/// All facts of a plan, wrapped to so many cells. `large` draws the most dangerous number three cells high;
/// `whole` gives every rule a line of its own.
pub fn facts(checked: &Checked, cells: usize, ascii: bool, large: bool, whole: bool) -> Vec<Line> {
    let mut facts = Facts { lines: Vec::new(), cells, ascii, whole };
    facts.hits(checked, large);
    facts.ends(checked);
    facts.expect(checked);
    facts.requests(checked);
    facts.section("STAYS BEHIND", &checked.preview.residue, Role::Text, Some("nothing"));
    facts.guards(checked);
    facts.section("RIVALS", &checked.preview.rivals, Role::Warn, None);
    facts.section("UNDO", &checked.preview.undo, Role::Text, Some("nothing can be undone"));
    facts.lines
}

/// The share that matters most, 0..=1, and what it is a share of.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Danger {
    /// `None`: unknown, which counts as all.
    pub share: Option<f64>,
    /// It is a sum over several routes or workloads.
    pub about: bool,
    /// What it is a share of, in words.
    pub of: &'static str,
}

/// The most dangerous number of a plan.
pub fn danger(checked: &Checked) -> Danger {
    let blast = &checked.preview.blast;
    let traffic = Danger {
        share: blast.traffic_share,
        about: blast.traffic_source == TrafficSource::Shared,
        of: "of the live traffic",
    };
    let lost = checked
        .plan
        .reach
        .lost
        .values()
        .filter(|(_, all)| *all > 0)
        .map(|(lost, all)| f64::from(*lost) / f64::from(*all))
        .max_by(f64::total_cmp);
    match lost {
        // Where the guardrails go by the pods, an unknown share of the traffic is not what may stand against it.
        Some(lost) if traffic.share.map_or(by_pods(checked), |share| lost > share) => {
            Danger { share: Some(lost), about: false, of: "of a workload's pods are lost" }
        }
        _ => traffic,
    }
}

/// Kinds of which the pods lost are judged, and not the traffic.
fn by_pods(checked: &Checked) -> bool {
    row(checked.plan.fault.kind).judged == Judged::Pods
}

/// A share as a whole percentage; a small one is not rounded to nothing, and all is not claimed by rounding.
pub fn percent(share: Option<f64>) -> String {
    match share.map(|share| share * 100.0) {
        None => "?".to_owned(),
        Some(percent) if percent > 0.0 && percent < 1.0 => "<1%".to_owned(),
        Some(percent) if percent > 99.0 && percent < 100.0 => "99%".to_owned(),
        Some(percent) => format!("{percent:.0}%"),
    }
}

/// How it ends, in words: the promise and what it is worth.
pub fn promise(checked: &Checked) -> (String, Role) {
    let good = checked.plan.purpose == Purpose::Fault && checked.plan.class == Class::SelfExpiring;
    let promise = checked.preview.promise();
    (sanitize::line(&promise).into_owned(), if good { Role::Good } else { Role::Warn })
}

/// What may be done with the plan, in one line. Always on the screen.
pub fn verdict(checked: &Checked, ascii: bool) -> (String, Role) {
    let guard = &checked.preview.guard;
    let first = |ruling: Ruling| guard.iter().find(|verdict| verdict.verdict == ruling);
    let count = |ruling: Ruling| guard.iter().filter(|verdict| verdict.verdict == ruling).count();
    let more = |ruling: Ruling| match count(ruling) {
        0 | 1 => String::new(),
        n => format!(" (and {} more)", n - 1),
    };
    if let Some(rule) = first(Ruling::Refuse) {
        let text = format!("{} refused: {}{}", sign(Ruling::Refuse, ascii), said(rule), more(Ruling::Refuse));
        return (text, Role::Bad);
    }
    if let Some(rule) = first(Ruling::Confirm) {
        let text = format!("{} confirm: {}{}", sign(Ruling::Confirm, ascii), said(rule), more(Ruling::Confirm));
        return (text, Role::Warn);
    }
    (format!("{} nothing stands against it", sign(Ruling::Ok, ascii)), Role::Good)
}

fn sign(ruling: Ruling, ascii: bool) -> &'static str {
    match (ruling, ascii) {
        (Ruling::Ok, false) => "✓",
        (Ruling::Ok, true) => "+",
        (Ruling::Confirm, _) => "!",
        (Ruling::Refuse, false) => "✗",
        (Ruling::Refuse, true) => "x",
    }
}

/// `rule: value (limit L)`.
fn said(verdict: &Verdict) -> String {
    let mut text = format!("{}: {}", sanitize::line(&verdict.rule), sanitize::line(&verdict.value));
    if !verdict.limit.is_empty() {
        text.push_str(&format!(" (limit {})", sanitize::line(&verdict.limit)));
    }
    text
}

impl Facts {
    fn heading(&mut self, text: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Line::new());
        }
        self.lines.push(vec![(text.to_owned(), Role::TextDim)]);
    }

    /// A sentence, wrapped; what follows the first line is indented by `indent`.
    fn say(&mut self, text: &str, role: Role, indent: usize) {
        let clean = sanitize::line(text);
        for (at, line) in width::wrap(&clean, self.cells.saturating_sub(indent).max(1)).into_iter().enumerate() {
            let pad = if at == 0 { 0 } else { indent };
            self.lines.push(vec![(format!("{}{line}", " ".repeat(pad)), role)]);
        }
    }

    fn section(&mut self, heading: &str, lines: &[String], role: Role, otherwise: Option<&str>) {
        if lines.is_empty() && otherwise.is_none() {
            return;
        }
        self.heading(heading);
        for line in lines {
            self.say(line, role, 2);
        }
        if let Some(otherwise) = otherwise.filter(|_| lines.is_empty()) {
            self.say(otherwise, Role::Text, 0);
        }
    }

    fn hits(&mut self, checked: &Checked, large: bool) {
        self.heading("HITS");
        let danger = danger(checked);
        let number = format!("{}{}", if danger.about { "≈" } else { "" }, percent(danger.share));
        let words = if danger.share.is_none() { "traffic unknown: counts as all" } else { danger.of };
        let role = match danger.share {
            Some(share) if share <= 0.0 => Role::Text,
            Some(_) | None => Role::TextStrong,
        };
        match big::big(&number).filter(|rows| large && !self.ascii && width::width(&rows[0]) < self.cells) {
            Some([top, middle, low]) => {
                self.lines.push(vec![(top, role)]);
                self.lines.push(vec![(middle, role)]);
                self.lines.push(vec![(low, role), (format!("  {words}"), Role::Text)]);
            }
            None => {
                let number = number.replace('%', " %");
                self.lines.push(vec![(number, role), (format!(" {words}"), Role::Text)]);
            }
        }
        let (on, off) = meter::meter(danger.share.unwrap_or(1.0), self.cells.saturating_sub(2).min(40), self.ascii);
        self.lines.push(vec![(on, Role::Fault), (off, Role::TextDim)]);
        let reach = &checked.plan.reach;
        if let Some(why) = &reach.everything {
            self.say(&format!("everything counts as hit: {why}"), Role::Warn, 0);
        }
        for (workload, (lost, all)) in &reach.lost {
            let is = if *lost == 1 { "is" } else { "are" };
            self.say(&format!("{lost} of {all} pods of {workload} {is} lost"), Role::Warn, 2);
        }
        let blast = &checked.preview.blast;
        let counts = [
            (blast.pods.len(), "pod", "pods"),
            (reach.services.len(), "service", "services"),
            (blast.routes.len(), "route", "routes"),
        ];
        let counts: Vec<String> = counts
            .into_iter()
            .filter(|(n, ..)| *n > 0)
            .map(|(n, one, many)| format!("{n} {}", if n == 1 { one } else { many }))
            .collect();
        self.say(
            &if counts.is_empty() { "no pod, service or route".to_owned() } else { counts.join(" · ") },
            Role::Text,
            0,
        );
        let source = match blast.traffic_source {
            TrafficSource::Measured => "measured for exactly these",
            TrafficSource::Shared => "shared with others on the same way",
            TrafficSource::Unknown => "nobody measures the traffic",
        };
        self.say(source, Role::TextDim, 0);
        for names in [&blast.pods, &blast.routes] {
            self.some(names);
        }
        if !blast.dependants.is_empty() {
            let many = blast.dependants.len();
            let callers = if many == 1 { "workload hangs" } else { "workloads hang" };
            self.say(&format!("{many} {callers} on it"), Role::Text, 0);
            self.some(&blast.dependants);
        }
    }

    /// The first few names; the rest as a number.
    fn some(&mut self, names: &[String]) {
        const SHOWN: usize = 4;
        for name in names.iter().take(SHOWN) {
            let name = sanitize::line(name).into_owned();
            let name = width::cut_middle(&name, self.cells.saturating_sub(2)).into_owned();
            self.lines.push(vec![(format!("  {name}"), Role::TextDim)]);
        }
        if names.len() > SHOWN {
            self.lines.push(vec![(format!("  and {} more", names.len() - SHOWN), Role::TextDim)]);
        }
    }

    fn ends(&mut self, checked: &Checked) {
        self.heading("ENDS");
        let (promise, role) = promise(checked);
        self.say(&promise, role, 0);
        if checked.plan.purpose == Purpose::Fault && checked.plan.class != Class::OneWay {
            let mut text = format!(
                "duration {} · lease {}",
                span::format(checked.plan.duration),
                span::format(checked.plan.lease)
            );
            if !checked.plan.fuses.is_empty() {
                // The fuse outlives the lease by a minute: it is the last net, not the first.
                text.push_str(&format!(" · fuse {}", span::format(checked.plan.lease + Duration::from_mins(1))));
            }
            self.say(&text, Role::TextDim, 0);
        }
    }

    fn expect(&mut self, checked: &Checked) {
        let preview = &checked.preview;
        if preview.predicts.is_empty() && checked.plan.doubts.is_empty() {
            return;
        }
        self.heading("EXPECT");
        for line in &preview.predicts {
            let role = if checked.plan.doubts.contains(line) { Role::Warn } else { Role::Text };
            self.say(line, role, 2);
        }
        for doubt in checked.plan.doubts.iter().filter(|doubt| !preview.predicts.contains(doubt)) {
            self.say(doubt, Role::Warn, 2);
        }
    }

    /// The requests that move: each with who answers it now, and who will.
    fn requests(&mut self, checked: &Checked) {
        const SHOWN: usize = 6;
        let moved = &checked.preview.what_if;
        if moved.is_empty() {
            return;
        }
        self.heading("REQUESTS THAT MOVE");
        let shown = if self.whole { moved.len() } else { SHOWN };
        for one in moved.iter().take(shown) {
            self.say(&one.request, Role::TextStrong, 2);
            self.say(&format!("  was {}", one.before), Role::Removed, 6);
            self.say(&format!("  is  {}", one.after), Role::Added, 6);
        }
        if moved.len() > shown {
            self.say(&format!("and {} more", moved.len() - shown), Role::TextDim, 0);
        }
    }

    /// What refuses first, then what asks, then what is fine: the reason must not have to be scrolled to.
    fn guards(&mut self, checked: &Checked) {
        self.heading("GUARDS");
        let mut guard: Vec<&Verdict> = checked.preview.guard.iter().collect();
        guard.sort_by_key(|verdict| std::cmp::Reverse(verdict.verdict));
        let (fine, spoken): (Vec<&Verdict>, Vec<&Verdict>) =
            guard.into_iter().partition(|verdict| verdict.verdict == Ruling::Ok);
        for verdict in spoken {
            let role = if verdict.verdict == Ruling::Refuse { Role::Bad } else { Role::Warn };
            self.say(&format!("{} {}", sign(verdict.verdict, self.ascii), said(verdict)), role, 2);
            if !verdict.change.is_empty() {
                self.say(&format!("  {}", sanitize::line(&verdict.change)), Role::TextDim, 2);
            }
        }
        if self.whole {
            for verdict in fine {
                self.signed(&format!("{}: {}", verdict.rule, verdict.value));
            }
        } else if !fine.is_empty() {
            // What is fine needs no attention, only to be seen to have been looked at.
            let rules: Vec<&str> = fine.iter().map(|verdict| verdict.rule.as_str()).collect();
            self.signed(&rules.join(" · "));
        }
    }

    /// A line that is fine: green only on the sign.
    fn signed(&mut self, text: &str) {
        let before = self.lines.len();
        let sign = sign(Ruling::Ok, self.ascii);
        self.say(&format!("{sign} {text}"), Role::Text, 2);
        if let Some(line) = self.lines.get_mut(before)
            && let Some((first, _)) = line.first_mut()
            && let Some(rest) = first.strip_prefix(sign).map(str::to_owned)
        {
            *line = vec![(sign.to_owned(), Role::Good), (rest, Role::Text)];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::percent;

    #[test]
    fn a_share_is_neither_nothing_nor_all_by_rounding() {
        assert_eq!(percent(Some(0.004)), "<1%");
        assert_eq!(percent(Some(0.996)), "99%");
        assert_eq!(percent(Some(1.0)), "100%");
        assert_eq!(percent(Some(0.0)), "0%");
        assert_eq!(percent(None), "?");
    }
}
