use aurora_trigger_gen::PgType;
use serde::Deserialize;

#[derive(Deserialize, PgType)]
#[stream(type = "sales.order_status")]
enum Status {
    #[serde(rename = "pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp")]
    Placed,
}

fn main() {}
