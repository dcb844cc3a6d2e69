//! Ten thousand routes: all conflicts among them, and who takes one request. As teams have them, and all on one host and path.
#![expect(clippy::expect_used, clippy::print_stdout, reason = "a bench may stop, and says what it counted")]

use brink::mesh::{
    conflicts::conflicts,
    load::Loaded,
    resolve::{Request, resolve},
};
use criterion::{Criterion, criterion_group, criterion_main};

/// Routes of two hundred teams on fifty hosts; one in a hundred claims what another one claims.
fn world() -> Loaded {
    let mut loaded = Loaded::default();
    let gateway = "apiVersion: gateway.networking.k8s.io/v1\nkind: Gateway\nmetadata: {name: edge, namespace: infra}\n\
                   spec: {listeners: [{name: http, port: 80, protocol: HTTP, allowedRoutes: {namespaces: {from: All}}}]}\n";
    loaded.read("gateway", gateway).expect("the text is right");
    for n in 0..10_000 {
        let (team, host, path) = (n % 200, n % 50, if n % 100 == 0 { 0 } else { n });
        let route = format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: r{n}, namespace: team-{team}}}\n\
             spec: {{parentRefs: [{{name: edge, namespace: infra}}], hostnames: [h{host}.example.com], \
             rules: [{{matches: [{{path: {{value: /p{path}}}}}], backendRefs: [{{name: s, port: 80}}]}}]}}\n"
        );
        loaded.read("route", &route).expect("the text is right");
    }
    loaded
}

/// Routes of one host and path, each for a value of one header of its own; one in a hundred claims what another one claims.
fn tenants() -> Loaded {
    let mut loaded = Loaded::default();
    for n in 0..10_000 {
        let value = if n % 100 == 0 { 0 } else { n };
        let route = format!(
            "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {{name: r{n}, namespace: team}}\n\
             spec: {{parentRefs: [{{name: edge, namespace: infra}}], hostnames: [h.example.com], \
             rules: [{{matches: [{{path: {{value: /api}}, headers: [{{name: tenant, value: t{value}}}]}}], \
             backendRefs: [{{name: s, port: 80}}]}}]}}\n"
        );
        loaded.read("route", &route).expect("the text is right");
    }
    loaded
}

/// VirtualServices of a mesh, each for a host of its own with a subset, and the rules, Services and pods to them; one subset in
/// a hundred is not there.
fn mesh() -> Loaded {
    let mut loaded = Loaded::default();
    for n in 0..10_000 {
        let (team, subset) = (n % 200, if n % 100 == 0 { "gone" } else { "v1" });
        let objects = format!(
            "apiVersion: networking.istio.io/v1\nkind: VirtualService\nmetadata: {{name: r{n}, namespace: team-{team}}}\n\
             spec: {{hosts: [s{n}], http: [{{route: [{{destination: {{host: s{n}, subset: {subset}}}}}]}}]}}\n---\n\
             apiVersion: networking.istio.io/v1\nkind: DestinationRule\nmetadata: {{name: r{n}, namespace: team-{team}}}\n\
             spec: {{host: s{n}, trafficPolicy: {{tls: {{mode: DISABLE}}}}, subsets: [{{name: v1, labels: {{version: v1}}}}]}}\n---\n\
             apiVersion: v1\nkind: Service\nmetadata: {{name: s{n}, namespace: team-{team}}}\n\
             spec: {{selector: {{app: s{n}}}, ports: [{{port: 80}}]}}\n---\n\
             apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d{n}, namespace: team-{team}}}\n\
             spec: {{template: {{metadata: {{labels: {{app: s{n}, version: v1}}}}}}}}\n"
        );
        loaded.read("objects", &objects).expect("the text is right");
    }
    let strict = "apiVersion: security.istio.io/v1\nkind: PeerAuthentication\nmetadata: {name: p, namespace: team-7}\n\
                  spec: {mtls: {mode: STRICT}}\n";
    loaded.read("policy", strict).expect("the text is right");
    loaded
}

fn routes(c: &mut Criterion) {
    for (name, loaded) in [("one host and path", tenants()), ("a mesh", mesh())] {
        let world = loaded.world();
        println!("10,000 routes of {name}, {} conflicts", conflicts(&world).len());
        c.bench_function(&format!("conflicts of 10,000 routes of {name}"), |b| b.iter(|| conflicts(&world)));
    }
    let loaded = world();
    let world = loaded.world();
    let found = conflicts(&world);
    println!("10,000 routes, {} conflicts", found.len());
    c.bench_function("conflicts of 10,000 routes", |b| b.iter(|| conflicts(&world)));
    let request = Request::get("h7.example.com", "/p4307/x");
    c.bench_function("one request among 10,000 routes", |b| b.iter(|| resolve(&world, &request)));
}

criterion_group! { name = benches; config = Criterion::default().sample_size(10); targets = routes }
criterion_main!(benches);
