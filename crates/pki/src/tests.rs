use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use jiff::{SignedDuration, Timestamp};
use rcgen::KeyPair;

use crate::table::control_plane::{BreakGlass, Inputs, rows};
use crate::table::{Row, bootstrap_server, names};
use crate::{
    AlternativeName, Authority, CertificateFacts, CertificateRequest, Data, Desired, Error, KeySource, Leaf, Subject,
    SystemKeys, Usage, desired, lifetime, pin,
};

fn now() -> Timestamp {
    "2026-11-21T12:00:00Z".parse().unwrap()
}

fn after(hours: i64) -> Timestamp {
    now().checked_add(SignedDuration::from_hours(hours)).unwrap()
}

fn inputs() -> Inputs {
    Inputs {
        namespace: "clusters-demo".to_owned(),
        host_cluster_domain: "cluster.local".to_owned(),
        api_server_names: AlternativeName::all(["172.20.0.1", "172.31.0.1", "10.200.0.10"]),
        etcd_names: Vec::new(),
        konnectivity_names: AlternativeName::all(["10.200.0.10"]),
        published_api_server: Some("https://10.200.0.10:30443".to_owned()),
        custom_api_server: None,
        internal_api_server: "https://kube-apiserver:6443".to_owned(),
        operator_api_server: "https://kube-apiserver.clusters-demo.svc:6443".to_owned(),
        service_account_key: None,
        guest_operator_user: "system:hosted-cluster-config".to_owned(),
        guest_operator_admin_user: "system:hosted-cluster-config-admin".to_owned(),
        break_glass: Some(BreakGlass::default()),
        client_authorities: String::new(),
        custom_api_server_authorities: String::new(),
    }
}

/// Makes one RSA key a process: it is slow, and its value never matters.
struct TestKeys;

impl KeySource for TestKeys {
    fn ecdsa(&self) -> Result<KeyPair, Error> {
        SystemKeys.ecdsa()
    }

    fn rsa(&self) -> Result<KeyPair, Error> {
        static KEY: Mutex<Option<String>> = Mutex::new(None);
        let mut key = KEY.lock().unwrap();
        let pem = key.get_or_insert_with(|| SystemKeys.rsa().unwrap().serialize_pem());
        Ok(KeyPair::from_pem(pem).unwrap())
    }
}

fn make(inputs: &Inputs, existing: &BTreeMap<String, Data>, now: Timestamp) -> Desired {
    desired(&rows(inputs), existing, now, &TestKeys).unwrap()
}

fn owned(desired: &Desired) -> BTreeMap<String, Data> {
    desired.secrets.iter().map(|(name, data)| ((*name).to_owned(), data.clone())).collect()
}

fn changed(desired: &Desired) -> Vec<&str> {
    desired.changes.iter().map(|change| change.name).collect()
}

fn facts(desired: &Desired, secret: &str) -> CertificateFacts {
    let data = &desired.secrets[secret];
    let key = data.keys().find(|key| key.strip_suffix(".crt").is_some_and(|stem| stem != "ca")).unwrap();
    CertificateFacts::from_pem(desired.text(secret, key).unwrap()).unwrap()
}

#[test]
fn the_table_names_every_secret_with_its_signer_subject_and_names() {
    let rows: Vec<_> = rows(&inputs())
        .into_iter()
        .map(|row| match row {
            Row::Authority { name, lifetime } => format!("{name}: authority, {} h", lifetime.as_hours()),
            Row::Leaf { name, signer, subject, names, usage, lifetime, stem } => {
                let groups = subject.organizations.join(",");
                let names: Vec<_> = names.iter().map(ToString::to_string).collect();
                format!(
                    "{name}: {stem}, {usage:?}, {} h, by {signer}, CN={} O={groups}\n    {}",
                    lifetime.as_hours(),
                    subject.common_name,
                    names.join(" ")
                )
            }
            Row::SigningKey { name, .. } => format!("{name}: service-account key"),
            Row::Kubeconfig { name, client, authority, server, .. } => {
                format!("{name}: kubeconfig of {client} for {server}, checked with {authority}")
            }
            Row::Bundle { name, authorities, .. } => format!("{name}: bundle of {}", authorities.join(", ")),
        })
        .collect();
    insta::assert_snapshot!(rows.join("\n"));
}

#[test]
fn what_is_made_is_what_the_table_says() {
    let made = make(&inputs(), &BTreeMap::new(), now());
    for row in rows(&inputs()) {
        let Row::Leaf { name, signer, subject, names, usage, lifetime, stem } = row else { continue };
        let facts = facts(&made, name);
        assert_eq!(facts.subject, subject, "{name}");
        assert_eq!(facts.usage, Some(usage), "{name}");
        assert_eq!(facts.names, names.into_iter().collect::<BTreeSet<_>>(), "{name}");
        assert_eq!(facts.not_after, now().checked_add(lifetime).unwrap(), "{name}");
        assert_eq!(facts.not_before, now().checked_sub(lifetime::BACKDATED).unwrap(), "{name}");
        assert!(!facts.is_authority, "{name}");
        assert_eq!(made.secrets[name]["ca.crt"], made.secrets[signer]["ca.crt"], "{name}");
        assert!(made.text(name, &format!("{stem}.key")).unwrap().contains("BEGIN PRIVATE KEY"), "{name}");
    }
}

#[test]
fn no_name_is_in_the_table_twice() {
    for is_secret in [true, false] {
        let names: Vec<_> = rows(&inputs()).iter().filter(|row| row.is_secret() == is_secret).map(Row::name).collect();
        assert_eq!(names.len(), names.iter().collect::<BTreeSet<_>>().len());
    }
}

#[test]
fn only_administrators_are_of_the_group_that_may_do_everything() {
    let administrators =
        [names::SYSTEM_ADMIN, names::GUEST_OPERATOR_ADMIN, names::CUSTOMER_BREAK_GLASS, names::SRE_BREAK_GLASS];
    let made = make(&inputs(), &BTreeMap::new(), now());
    for row in rows(&inputs()) {
        let Row::Leaf { name, .. } = row else { continue };
        let is_master = facts(&made, name).subject.organizations.contains(&"system:masters".to_owned());
        assert_eq!(is_master, administrators.contains(&name), "{name}");
    }
}

#[test]
fn a_second_pass_changes_nothing() {
    let first = make(&inputs(), &BTreeMap::new(), now());
    let second = make(&inputs(), &owned(&first), after(1));
    assert_eq!(changed(&second), Vec::<&str>::new());
    assert_eq!(second.secrets, first.secrets);
    assert_eq!(second.bundles, first.bundles);
    assert_eq!(second.next_renewal, first.next_renewal);
}

#[test]
fn the_operators_credentials_are_renewed_after_two_thirds_of_their_day_and_nothing_else() {
    let first = make(&inputs(), &BTreeMap::new(), now());
    assert_eq!(changed(&make(&inputs(), &owned(&first), after(15))), Vec::<&str>::new());
    let second = make(&inputs(), &owned(&first), after(17));
    let theirs = [
        names::GUEST_OPERATOR,
        names::GUEST_OPERATOR_ADMIN,
        names::GUEST_OPERATOR_KUBECONFIG,
        names::GUEST_OPERATOR_ADMIN_KUBECONFIG,
    ];
    assert_eq!(changed(&second), theirs);
    assert!(first.next_renewal.unwrap() <= after(17) && first.next_renewal.unwrap() > after(15));
}

#[test]
fn leaves_are_renewed_in_their_last_thirty_days_and_authorities_stay() {
    let first = make(&inputs(), &BTreeMap::new(), now());
    let early = make(&inputs(), &owned(&first), after(334 * 24));
    assert!(!changed(&early).contains(&names::API_SERVER));
    let late = make(&inputs(), &owned(&first), after(336 * 24));
    for row in rows(&inputs()) {
        let name = row.name();
        match row {
            Row::Leaf { .. } => assert!(changed(&late).contains(&name), "{name}"),
            Row::Authority { lifetime, .. } if lifetime < lifetime::LEAF => {}
            Row::Authority { .. } | Row::SigningKey { .. } => assert!(!changed(&late).contains(&name), "{name}"),
            Row::Kubeconfig { .. } | Row::Bundle { .. } => {}
        }
    }
}

#[test]
fn an_authority_is_renewed_with_its_key_so_that_what_it_signed_stays_valid() {
    let first = make(&inputs(), &BTreeMap::new(), now());
    let nearly_ten_years = (10 * 365 - 29) * 24;
    let second = make(&inputs(), &owned(&first), after(nearly_ten_years));
    assert!(changed(&second).contains(&names::ROOT_CA));
    assert_eq!(first.secrets[names::ROOT_CA]["ca.key"], second.secrets[names::ROOT_CA]["ca.key"]);
    let old_leaf = first.text(names::API_SERVER, "tls.crt").unwrap();
    let old_key = first.text(names::API_SERVER, "tls.key").unwrap();
    let renewed = Authority::from_pem(
        second.text(names::ROOT_CA, "ca.crt").unwrap(),
        second.text(names::ROOT_CA, "ca.key").unwrap(),
    )
    .unwrap();
    let row = rows(&inputs()).into_iter().find(|row| row.name() == names::API_SERVER).unwrap();
    let Row::Leaf { subject, names, usage, lifetime, .. } = row else { unreachable!("it is a leaf") };
    let leaf = Leaf { subject, names, usage, lifetime };
    assert_eq!(crate::certificate::reason_to_reissue(&leaf, old_leaf, old_key, &renewed, now()), None);
}

#[test]
fn a_leaf_never_outlives_its_authority() {
    let authority = Authority::generate("old", now(), &TestKeys).unwrap();
    let leaf =
        Leaf { subject: Subject::user("user"), names: Vec::new(), usage: Usage::Client, lifetime: lifetime::LEAF };
    let issued = authority.issue(&leaf, after((10 * 365 - 10) * 24), &TestKeys).unwrap();
    assert_eq!(CertificateFacts::from_pem(&issued.certificate_pem).unwrap().not_after, authority.facts().not_after);
}

#[test]
fn a_new_published_address_renews_the_servers_that_carry_it_and_the_kubeconfig() {
    let first = make(&inputs(), &BTreeMap::new(), now());
    let mut moved = inputs();
    moved.api_server_names = AlternativeName::all(["172.20.0.1", "172.31.0.1", "api.example.com"]);
    moved.published_api_server = Some("https://api.example.com:6443".to_owned());
    let second = make(&moved, &owned(&first), now());
    assert_eq!(changed(&second), [names::API_SERVER, names::ADMIN_KUBECONFIG]);
    let reason = &second.changes[0].reason;
    assert!(reason.contains("api.example.com") && reason.contains("10.200.0.10"), "{reason}");
}

#[test]
fn a_lost_authority_renews_all_that_it_signed_and_nothing_else() {
    let first = make(&inputs(), &BTreeMap::new(), now());
    let mut existing = owned(&first);
    existing.remove(names::ETCD_SIGNER);
    let second = make(&inputs(), &existing, now());
    assert_eq!(changed(&second), [names::ETCD_SIGNER, names::ETCD_SERVER, names::ETCD_PEER, names::ETCD_CLIENT]);
}

#[test]
fn a_leaf_with_a_foreign_key_or_none_is_made_anew() {
    let first = make(&inputs(), &BTreeMap::new(), now());
    for (key, value) in
        [("tls.key", first.secrets[names::SCHEDULER_CLIENT]["tls.key"].clone()), ("tls.crt", Vec::new())]
    {
        let mut existing = owned(&first);
        existing.get_mut(names::SYSTEM_ADMIN).unwrap().insert(key.to_owned(), value);
        let second = make(&inputs(), &existing, now());
        assert!(changed(&second).contains(&names::SYSTEM_ADMIN), "{key}");
        assert!(!changed(&second).contains(&names::SYSTEM_ADMIN_SIGNER), "{key}");
    }
}

#[test]
fn an_authority_that_cannot_be_used_is_an_error_and_not_replaced() {
    let first = make(&inputs(), &BTreeMap::new(), now());
    let other_key = first.secrets[names::ETCD_SIGNER]["ca.key"].clone();
    let breaks: [(&str, Option<Vec<u8>>); 3] =
        [("ca.key", Some(other_key)), ("ca.crt", Some(b"nonsense".to_vec())), ("ca.key", None)];
    for (key, value) in breaks {
        let mut existing = owned(&first);
        let data = existing.get_mut(names::ROOT_CA).unwrap();
        match value {
            Some(value) => data.insert(key.to_owned(), value),
            None => data.remove(key),
        };
        let error = desired(&rows(&inputs()), &existing, now(), &TestKeys).unwrap_err();
        assert!(matches!(&error, Error::BrokenAuthority { name, .. } if name == names::ROOT_CA), "{error}");
        assert!(error.to_string().contains("root-ca") && error.to_string().contains("restore"), "{error}");
    }
}

#[test]
fn a_leaf_in_place_of_an_authority_is_an_error() {
    let first = make(&inputs(), &BTreeMap::new(), now());
    let leaf = &first.secrets[names::SYSTEM_ADMIN];
    let error = Authority::from_pem(
        std::str::from_utf8(&leaf["tls.crt"]).unwrap(),
        std::str::from_utf8(&leaf["tls.key"]).unwrap(),
    )
    .unwrap_err();
    assert!(error.to_string().contains("not the certificate of an authority"), "{error}");
}

#[test]
fn a_service_account_key_that_cannot_be_used_is_an_error_and_not_replaced() {
    let first = make(&inputs(), &BTreeMap::new(), now());
    let mut existing = owned(&first);
    let data = existing.get_mut(names::SERVICE_ACCOUNT_KEY).unwrap();
    data.insert(names::SERVICE_ACCOUNT_PRIVATE_KEY.to_owned(), b"nonsense".to_vec());
    let error = desired(&rows(&inputs()), &existing, now(), &TestKeys).unwrap_err();
    assert!(matches!(error, Error::BrokenSigningKey { .. }), "{error}");
}

#[test]
fn the_users_own_service_account_key_wins() {
    let own = SystemKeys.rsa().unwrap();
    let mut inputs = inputs();
    let first = make(&inputs, &BTreeMap::new(), now());
    inputs.service_account_key = Some(own.serialize_pem());
    let second = make(&inputs, &owned(&first), now());
    assert_eq!(changed(&second), [names::SERVICE_ACCOUNT_KEY]);
    assert_eq!(
        second.text(names::SERVICE_ACCOUNT_KEY, names::SERVICE_ACCOUNT_PUBLIC_KEY),
        Some(own.public_key_pem().as_str())
    );
}

#[test]
fn without_a_published_address_there_is_no_admin_kubeconfig_yet() {
    let inputs = Inputs { published_api_server: None, ..inputs() };
    assert!(!make(&inputs, &BTreeMap::new(), now()).secrets.contains_key(names::ADMIN_KUBECONFIG));
}

#[test]
fn a_table_in_the_wrong_order_is_an_error() {
    let mut rows = bootstrap_server::rows("bootstrap.hypershift.svc");
    rows.reverse();
    let error = desired(&rows, &BTreeMap::new(), now(), &TestKeys).unwrap_err();
    assert!(matches!(error, Error::Table { .. }), "{error}");
}

#[test]
fn a_key_source_that_fails_is_reported() {
    struct NoKeys;
    impl KeySource for NoKeys {
        fn ecdsa(&self) -> Result<KeyPair, Error> {
            Err(Error::MakeKey { algorithm: "ECDSA P-256", source: rcgen::Error::KeyGenerationUnavailable })
        }

        fn rsa(&self) -> Result<KeyPair, Error> {
            self.ecdsa()
        }
    }
    let error = desired(&rows(&inputs()), &BTreeMap::new(), now(), &NoKeys).unwrap_err();
    assert!(matches!(error, Error::MakeKey { .. }), "{error}");
}

#[test]
fn a_pin_is_that_of_the_key_and_survives_a_renewal() {
    let authority = Authority::generate("bootstrap-ca", now(), &TestKeys).unwrap();
    let before = pin::of_certificate(authority.certificate_pem()).unwrap();
    let renewed = authority.renew(lifetime::AUTHORITY, after(24)).unwrap();
    assert_eq!(pin::of_certificate(renewed.certificate_pem()).unwrap(), before);
    assert!(before.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64));
}

#[test]
fn two_certificates_for_one_key_have_different_serial_numbers() {
    let authority = Authority::generate("cluster-signer-ca", now(), &TestKeys).unwrap();
    let (_, pem) = request("x", "y", &[]);
    let request = CertificateRequest::from_pem(&pem).unwrap();
    let leaf = Leaf { subject: Subject::user("x"), names: Vec::new(), usage: Usage::Client, lifetime: lifetime::LEAF };
    let serial = |now| {
        let signed = authority.sign_request(&leaf, &request, now).unwrap();
        let (_, pem) = x509_parser::pem::parse_x509_pem(signed.as_bytes()).unwrap();
        pem.parse_x509().unwrap().raw_serial().to_vec()
    };
    assert_ne!(serial(now()), serial(after(1)));
    assert!(serial(now())[0] & 0x80 == 0 && serial(now()).len() == 16);
}

fn request(common_name: &str, group: &str, alternative_names: &[&str]) -> (KeyPair, String) {
    let key = SystemKeys.ecdsa().unwrap();
    let leaf = Leaf {
        subject: Subject::member(common_name, group),
        names: AlternativeName::all(alternative_names),
        usage: Usage::Both,
        lifetime: lifetime::LEAF,
    };
    let mut parameters = leaf.parameters().unwrap();
    parameters.use_authority_key_identifier_extension = false;
    let pem = parameters.serialize_request(&key).unwrap().pem().unwrap();
    (key, pem)
}

#[test]
fn a_request_is_read_with_its_subject_names_and_fingerprint() {
    let (key, pem) = request("system:node:a", "system:nodes", &["a", "10.200.0.100"]);
    let request = CertificateRequest::from_pem(&pem).unwrap();
    assert_eq!(request.subject, Subject::member("system:node:a", "system:nodes"));
    assert_eq!(request.names, AlternativeName::all(["a", "10.200.0.100"]).into_iter().collect());
    assert!(!request.has_other_names);
    assert_eq!(request.key_fingerprint, pin::fingerprint(&rcgen::PublicKeyData::subject_public_key_info(&key)));
}

#[test]
fn a_request_that_was_tampered_with_is_refused() {
    let (_, pem) = request("system:node:a", "system:nodes", &[]);
    let (_, parsed) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap();
    let mut der = parsed.contents;
    let place = der.windows(13).position(|window| window == b"system:node:a").unwrap();
    der[place + 12] = b'b';
    let body = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &der);
    let forged = format!("-----BEGIN CERTIFICATE REQUEST-----\n{body}\n-----END CERTIFICATE REQUEST-----\n");
    assert!(matches!(CertificateRequest::from_pem(&forged), Err(Error::Request { .. })));
}

#[test]
fn what_is_no_request_is_refused() {
    let authority = Authority::generate("x", now(), &TestKeys).unwrap();
    for text in ["", "nonsense", authority.certificate_pem()] {
        assert!(matches!(CertificateRequest::from_pem(text), Err(Error::Request { .. })), "{text}");
    }
}

#[test]
fn a_signed_request_gets_our_subject_and_not_the_one_it_asks_for() {
    let authority = Authority::generate("cluster-signer-ca", now(), &TestKeys).unwrap();
    let (key, pem) = request("system:admin", "system:masters", &["evil.example.com"]);
    let leaf = Leaf {
        subject: Subject::member("hoist:host:a", "system:bootstrappers:hoist"),
        names: Vec::new(),
        usage: Usage::Client,
        lifetime: lifetime::HOST_CREDENTIAL,
    };
    let request = CertificateRequest::from_pem(&pem).unwrap();
    let signed = authority.sign_request(&leaf, &request, now()).unwrap();
    let facts = CertificateFacts::from_pem(&signed).unwrap();
    assert_eq!(facts.subject, leaf.subject);
    assert!(facts.names.is_empty());
    assert_eq!(facts.public_key, rcgen::PublicKeyData::subject_public_key_info(&key));
    assert_eq!(facts.not_after, now().checked_add(SignedDuration::from_mins(10)).unwrap());
}

#[test]
fn a_name_that_no_certificate_can_carry_is_an_error() {
    let authority = Authority::generate("x", now(), &TestKeys).unwrap();
    let leaf = Leaf {
        subject: Subject::user("x"),
        names: vec![AlternativeName::Dns("bücher.example".to_owned())],
        usage: Usage::Server,
        lifetime: lifetime::LEAF,
    };
    assert!(matches!(authority.issue(&leaf, now(), &TestKeys), Err(Error::Name { .. })));
}

#[test]
fn a_kubeconfig_names_cluster_user_and_context_as_hypershift_does() {
    let rendered = crate::Kubeconfig {
        server: "https://10.200.0.10:30443",
        certificate_authority_pem: "authority",
        client_certificate_pem: "certificate",
        client_key_pem: "key",
        proxy_url: Some("http://127.0.0.1:8118"),
    }
    .render();
    insta::assert_snapshot!(rendered);
}

#[test]
fn secrets_are_not_printed() {
    let made = make(&inputs(), &BTreeMap::new(), now());
    assert!(!format!("{made:?}").contains("PRIVATE KEY"));
    let authority = Authority::generate("x", now(), &TestKeys).unwrap();
    assert!(!format!("{authority:?}").contains("PRIVATE KEY"));
}
