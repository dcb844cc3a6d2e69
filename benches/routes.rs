//! Ten thousand routes: all conflicts among them, and who takes one request.
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

fn routes(c: &mut Criterion) {
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
