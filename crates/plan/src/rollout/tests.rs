//! Who is next, in every situation that a rollout meets.

use hoist_api::node_pool::management::{InPlaceUpgrade, ReplaceUpgrade, RollingUpdate};
use rstest::rstest;

use super::*;

const ONE: Strategy = Strategy { replace: false, at_once: Some(1) };
const TWO: Strategy = Strategy { replace: false, at_once: Some(2) };
const BY_HAND: Strategy = Strategy { replace: true, at_once: None };

/// A host in one letter: `o`ld, `n`ew, `O`ld and not ready, `N`ew and not ready, old and its Node `d`eleted, in an `u`pdate, in
/// an update to something `e`lse, `f`ailed, failed and `t`o be tried again, failed at something e`l`se, `j`oining, failed but by
/// now `b`ack at what is wanted.
fn member(index: usize, letter: char) -> Member {
    let update =
        |revision: &str, has_failed, is_due| Some(Update { revision: revision.to_owned(), has_failed, is_due });
    Member {
        name: format!("w{index}"),
        revision: Some(if "nNb".contains(letter) { "new" } else { "old" }.to_owned()),
        version: Some("1.35.4".to_owned()),
        is_ready: !"ONd".contains(letter),
        has_joined: letter != 'j',
        is_deleted: letter == 'd',
        update: match letter {
            'u' => update("new", false, false),
            'e' => update("else", false, false),
            'f' => update("new", true, false),
            't' | 'b' => update("new", true, true),
            'l' => update("else", true, false),
            _ => None,
        },
    }
}

fn members(letters: &str) -> Vec<Member> {
    letters.chars().enumerate().map(|(index, letter)| member(index, letter)).collect()
}

fn target() -> Target {
    Target { revision: "new".to_owned(), version: "1.36.3".to_owned() }
}

#[rstest]
#[case("nothing to do", "nn", ONE, "", "")]
#[case("nobody there", "", ONE, "", "")]
#[case("the first of three", "ooo", ONE, "w0", "w1 w2")]
#[case("one is at it", "uoo", ONE, "", "w1 w2")]
#[case("the first is done", "noo", ONE, "w1", "w2")]
#[case("a host on its way does not count", "joo", ONE, "w1", "w2")]
#[case("two at once", "oooo", TWO, "w0 w1", "w2 w3")]
#[case("two at once, one is at it", "ouoo", TWO, "w0", "w2 w3")]
#[case("a broken host of the new revision takes the only place", "No", ONE, "", "w1")]
#[case("a broken old host comes first", "oOo", ONE, "w1", "w0 w2")]
#[case("broken ones do not come all at once", "OOO", ONE, "w0", "w1 w2")]
#[case("a broken and a good one, two at once", "ooO", TWO, "w2 w0", "w1")]
#[case("after a failure the others stay", "foo", ONE, "", "w1 w2")]
#[case("after a failure the others stay, with room for more", "foo", TWO, "", "w1 w2")]
#[case("the failed one is tried again, alone", "too", TWO, "w0", "w1 w2")]
#[case("what failed before the pool changed is begun at once", "loo", ONE, "w0", "w1 w2")]
#[case("a failure of something that is not wanted any more stops nobody", "bo", ONE, "w1", "")]
#[case("by hand nobody is begun", "oo", BY_HAND, "", "w0 w1")]
#[case("by hand those whose Node was deleted", "odo", BY_HAND, "w1", "w0 w2")]
fn who_is_next(
    #[case] what: &str,
    #[case] letters: &str,
    #[case] strategy: Strategy,
    #[case] begin: &str,
    #[case] waiting: &str,
) {
    let decision = decide(&members(letters), &target(), strategy);
    assert_eq!((decision.begin.join(" ").as_str(), decision.waiting.join(" ").as_str()), (begin, waiting), "{what}");
    assert!(decision.redirect.is_empty(), "{what}");
}

#[test]
fn an_update_goes_on_towards_what_the_pool_wants_now() {
    let decision = decide(&members("eo"), &target(), ONE);
    assert_eq!(decision, Decision { redirect: vec!["w0".into()], waiting: vec!["w1".into()], ..Decision::default() });
}

#[rstest]
#[case(Some("new"), Some("1.35.4"), false)]
#[case(Some("old"), Some("1.36.3"), true)]
#[case(None, Some("1.36.3"), false)]
#[case(None, Some("1.35.4"), true)]
#[case(None, None, false)]
fn a_host_that_never_said_its_revision_is_judged_by_its_version(
    #[case] revision: Option<&str>,
    #[case] version: Option<&str>,
    #[case] is_outdated: bool,
) {
    let member =
        Member { revision: revision.map(str::to_owned), version: version.map(str::to_owned), ..member(0, 'o') };
    assert_eq!(member.is_outdated(&target()), is_outdated);
}

fn percent(text: &str) -> IntOrString {
    IntOrString::String(text.to_owned())
}

#[rstest]
#[case(None, 1)]
#[case(Some(IntOrString::Int(3)), 3)]
#[case(Some(IntOrString::Int(0)), 1)]
#[case(Some(IntOrString::Int(-1)), 1)]
#[case(Some(percent("25%")), 2)]
#[case(Some(percent("1%")), 1)]
#[case(Some(percent("many")), 1)]
fn at_least_one_host_may_be_away(#[case] most: Option<IntOrString>, #[case] at_once: usize) {
    let mut management = NodePoolManagement { upgrade_type: UpgradeType::InPlace, ..NodePoolManagement::default() };
    management.in_place = Some(InPlaceUpgrade { max_unavailable: most.clone() });
    assert_eq!(Strategy::of(&management, 10), Strategy { replace: false, at_once: Some(at_once) });
    management.upgrade_type = UpgradeType::Replace;
    let rolling_update = RollingUpdate { max_unavailable: most, max_surge: Some(IntOrString::Int(5)) };
    management.replace = ReplaceUpgrade { strategy: None, rolling_update: Some(rolling_update) };
    assert_eq!(Strategy::of(&management, 10), Strategy { replace: true, at_once: Some(at_once) });
    management.replace.strategy = Some(UpgradeStrategy::OnDelete);
    assert_eq!(Strategy::of(&management, 10), Strategy { replace: true, at_once: None });
}
