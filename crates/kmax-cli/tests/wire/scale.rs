//! Many pools.

use crate::ground::Ground;

fn pools(count: usize) -> String {
    let mut body = String::from("[guards]\npools_destroyed = 200\n[teams.dsp.pools]\n");
    for number in 0..count {
        body.push_str(&format!("p{number} = {{ spec = \"8c64g\", max = 9 }}\n"));
    }
    body
}

#[test]
fn a_hundred_and_fifty_pools_come_change_and_go() {
    let Some(ground) = Ground::new(&pools(150)) else { return };
    ground.kmax(&["lock"]).code(0);
    ground.kmax(&["apply", "--auto-approve", "--unlimited-rate"]).code(0);
    ground.account.clear_calls();
    let plan = ground.kmax(&["plan", "--json", "--detailed-exitcode"]).code(0).json();
    assert_eq!(plan["summary"]["unchanged"], 300);
    let calls = ground.account.calls();
    // 1.1 x (ceil(150 / 100) + 2 ceil(150 / 200) + 12)
    assert!(calls.total <= 17, "{} calls: {:#?}", calls.total, calls.counts);

    ground.write(&pools(150).replace("max = 9", "max = 11"));
    ground.kmax(&["apply", "--auto-approve", "--unlimited-rate"]).code(0);
    ground.assert_converged();

    ground.write(&pools(50).replace("max = 9", "max = 11"));
    ground.kmax(&["lock"]).code(0);
    ground.kmax(&["apply", "--auto-approve", "--unlimited-rate"]).code(0);
    ground.assert_converged();
    let mut left = 0;
    for number in 0..150 {
        left += usize::from(!ground.group(&format!("dsp-p{number}-kmax")).is_null());
    }
    assert_eq!(left, 50);
}
