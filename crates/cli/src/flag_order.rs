//! Flags before the platform: `create cluster --name demo none`, as HyperShift's command line takes them.
//!
//! clap wants a subcommand's flags behind its name, so they are moved there.

use std::collections::BTreeMap;
use std::ffi::OsString;

use clap::Command;

/// Where the verb, the noun and the first flag are.
const VERB: usize = 1;
const NOUN: usize = 2;
const FIRST: usize = 3;

/// The arguments with the platform before its flags; all others as they are.
pub fn platform_first(arguments: Vec<OsString>, root: impl FnOnce() -> Command) -> Vec<OsString> {
    let word = |index: usize| arguments.get(index).and_then(|argument| argument.to_str()).unwrap_or_default();
    let is_candidate = ["create", "destroy"].contains(&word(VERB))
        && ["cluster", "nodepool"].contains(&word(NOUN))
        && word(FIRST).starts_with("--");
    if !is_candidate {
        return arguments;
    }
    let mut root = root();
    root.build();
    let noun = root.find_subcommand(word(VERB)).and_then(|verb| verb.find_subcommand(word(NOUN)));
    let Some(position) = noun.and_then(|noun| platform(noun, &arguments)) else { return arguments };
    let mut ordered = arguments;
    let platform = ordered.remove(position);
    ordered.insert(FIRST, platform);
    ordered
}

/// Where the platform is, when nothing but known flags comes before it.
fn platform(noun: &Command, arguments: &[OsString]) -> Option<usize> {
    let takes_value = flags(noun);
    let mut index = FIRST;
    loop {
        let argument = arguments.get(index)?.to_str()?;
        if let Some(flag) = argument.strip_prefix("--") {
            let (name, has_value) = flag.split_once('=').map_or((flag, false), |(name, _)| (name, true));
            let is_apart = *takes_value.get(name)? && !has_value;
            index += if is_apart { 2 } else { 1 };
        } else {
            return noun.find_subcommand(argument).map(|_| index);
        }
    }
}

/// The flags of all platforms, and whether their value may be the next argument.
fn flags(noun: &Command) -> BTreeMap<String, bool> {
    let all = noun.get_subcommands().flat_map(Command::get_arguments);
    all.flat_map(|flag| {
        let takes_value = flag.get_action().takes_values()
            && !flag.is_require_equals_set()
            && flag.get_num_args().is_none_or(|range| range.min_values() > 0);
        let names = flag.get_long_and_visible_aliases().unwrap_or_default();
        let hidden = flag.get_all_aliases().unwrap_or_default();
        names.into_iter().chain(hidden).map(move |name| (name.to_owned(), takes_value)).collect::<Vec<_>>()
    })
    .collect()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::commands::tree;
    use crate::invocation::Invocation;

    #[rstest]
    #[case("create cluster --name demo none --render", "create cluster none --name demo --render")]
    #[case("create cluster --render none --name a", "create cluster none --render --name a")]
    #[case("create cluster --base-domain-prefix none agent", "create cluster agent --base-domain-prefix none")]
    #[case("create cluster --nodepool-replicas 2 kubevirt", "create cluster kubevirt --nodepool-replicas 2")]
    #[case("destroy cluster --name=demo agent", "destroy cluster agent --name=demo")]
    #[case("create nodepool --name none none", "create nodepool none --name none")]
    #[case("create cluster --no-such-flag none", "create cluster --no-such-flag none")]
    #[case("create cluster --help none", "create cluster none --help")]
    #[case("create cluster none --name agent", "create cluster none --name agent")]
    #[case("destroy nodepool --name agent", "destroy nodepool --name agent")]
    fn the_platform_comes_before_its_flags(#[case] given: &str, #[case] ordered: &str) {
        let arguments = |text: &str| ["hcp"].into_iter().chain(text.split(' ')).map(OsString::from).collect::<Vec<_>>();
        assert_eq!(platform_first(arguments(given), || tree(Invocation::Hcp)), arguments(ordered));
    }
}
