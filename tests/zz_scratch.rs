//! scratch
use alicerce::facts::*;
use alicerce::input;
#[test]
fn dump() {
    let root = std::env::var("EXPORT").unwrap_or("fixtures/accounts/banco-exemplo".into());
    let t = std::time::Instant::now();
    let loaded = input::load(&[input::Source::Path(root.into())], &input::Options::default());
    let t1 = t.elapsed();
    let t = std::time::Instant::now();
    let facts = Facts::build(&loaded);
    println!("load {:?} build {:?} facts {} docs {}", t1, t.elapsed(), facts.len(), facts.documents().len());
    println!("unreadable {:?}", loaded.unreadable.iter().take(5).collect::<Vec<_>>());
    let t = std::time::Instant::now();
    if let Some(r) = facts.of_kind("iam-role").first() {
        println!("{:?}", facts.field(*r, "functions").map(|_| ()));
    }
    println!("back index {:?}", t.elapsed());
    if facts.len() > 2000 {
        return;
    }
    for (id, f) in facts.iter() {
        println!(
            "\n{} {} acct={:?} region={:?} name={} {} {}",
            f.kind.name,
            f.id,
            f.account,
            f.region,
            f.name,
            facts.documents()[f.node.doc as usize].name,
            if f.summary { "SUMMARY" } else { "" }
        );
        for m in f.kind.members() {
            match facts.field(id, &m.name) {
                Err(why) => println!("    {} ? {:?} {}", m.name, why.reason, why.text),
                Ok(Some(Value::Fact(x))) => println!("    {} -> {}", m.name, facts.get(x).unwrap().id),
                Ok(Some(Value::List(l))) => println!(
                    "    {} -> {:?}",
                    m.name,
                    l.iter()
                        .map(|v| match v {
                            Value::Fact(x) => facts.get(*x).unwrap().name.to_string(),
                            Value::Unknown(w) => format!("?{}", w.text),
                            o => format!("{o:?}"),
                        })
                        .collect::<Vec<_>>()
                ),
                _ => {}
            }
        }
    }
    for a in facts.of_kind("account") {
        let a = facts.get(*a).unwrap();
        match facts.path_of(&a.key) {
            Err(e) => println!("PATH {} ERR {}", a.key, e.text),
            Ok(p) => {
                println!("PATH {} mgmt={} scps={:?} rcps={:?}", a.key, p.management, p.scps_enabled, p.rcps_enabled);
                for l in p.levels {
                    let n = |ids: &Policies2| ids.clone();
                    let _ = n;
                    println!(
                        "   {} scps {:?} {:?} rcps {:?} {:?}",
                        facts.get(l.fact).unwrap().name,
                        l.scps.known.iter().map(|i| facts.get(*i).unwrap().name.to_string()).collect::<Vec<_>>(),
                        l.scps.unknown,
                        l.rcps.known.iter().map(|i| facts.get(*i).unwrap().name.to_string()).collect::<Vec<_>>(),
                        l.rcps.unknown
                    );
                }
            }
        }
    }
}
type Policies2 = ();
