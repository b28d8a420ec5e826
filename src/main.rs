fn main() {
    use han_gpu::train::*;
    let a: Vec<String> = std::env::args().collect();
    let flags: toml::Table = a[1].parse().unwrap();
    let c = resolve(None, toml::Table::new(), flags, std::path::Path::new("x")).unwrap();
    let model = std::sync::Arc::new(c.model().unwrap());
    let mut b = han_gpu::cpu::Cpu::<f32>::new(model, c.batch);
    let f = han_gpu::io::RunFolder::create(std::path::Path::new("/tmp/run"), &c, true).unwrap();
    let s = train(&c, &mut b, &f, None, &mut |e| { if let Event::Metrics(m, _) = e { if m.step % 200 == 0 { eprintln!("{} {:?} {} {}", m.step, m.kl, m.ess, m.configurations_per_s) } } Outcome::Continue });
    println!("{:#?}", s);
}
