//! corp.example: who works there, on which machines, behind which addresses. All of it is invented.
//!
//! Outside addresses come from the documentation ranges (RFC 5737) only: 192.0.2.0/24 is the
//! friendly internet, 203.0.113.0/24 and 198.51.100.0/24 also hold the attacker.

/// Where the company's own traffic leaves.
pub(super) const EGRESS: &str = "192.0.2.4";
/// The web proxy.
pub(super) const PROXY: &str = "10.10.0.40";
/// The first domain controller, which is the resolver as well.
pub(super) const DC: Server = Server { name: "dc01", ip: "10.10.0.10" };
/// The second domain controller.
pub(super) const DC2: Server = Server { name: "dc02", ip: "10.10.0.11" };
/// The file server.
pub(super) const FILES: Server = Server { name: "fs01", ip: "10.10.0.20" };
/// The backup server.
pub(super) const BACKUP: Server = Server { name: "bkp01", ip: "10.10.0.30" };
/// The management server for software and patches.
pub(super) const MANAGEMENT: Server = Server { name: "cm01", ip: "10.10.0.31" };
/// The database server.
pub(super) const SQL: Server = Server { name: "sql01", ip: "10.10.0.22" };
/// The application servers.
pub(super) const APP: Server = Server { name: "app01", ip: "10.10.0.24" };
/// The jump host of the Linux zone.
pub(super) const JUMP: Server = Server { name: "jump01", ip: "10.30.0.5" };
/// The build machine.
pub(super) const BUILD: Server = Server { name: "ci01", ip: "10.30.0.12" };
/// The monitoring machine.
pub(super) const MONITOR: Server = Server { name: "mon01", ip: "10.30.0.14" };

/// Windows servers.
pub(super) const WINDOWS: [Server; 9] = [
    DC,
    DC2,
    FILES,
    BACKUP,
    MANAGEMENT,
    SQL,
    APP,
    Server { name: "app02", ip: "10.10.0.25" },
    Server { name: "prn01", ip: "10.10.0.26" },
];

/// Linux servers.
pub(super) const LINUX: [Server; 7] = [
    JUMP,
    BUILD,
    MONITOR,
    Server { name: "web01", ip: "10.30.0.21" },
    Server { name: "web02", ip: "10.30.0.22" },
    Server { name: "git01", ip: "10.30.0.13" },
    Server { name: "db01", ip: "10.30.0.16" },
];

/// Whoever has a machine on this list sits at ws-101, ws-102 and so on, in order.
pub(super) const WORKSTATIONS: usize = 44;

const LOGINS: &str = "jonas.weber lena.fischer tobias.wolf sara.neumann markus.brandt \
    paul.schwarz mia.zimmer felix.braun clara.krueger david.hartmann \
    emma.lange noah.schmitt laura.werner leon.krause hannah.meier \
    lukas.lehmann anna.keller ben.koehler marie.herrmann elias.koenig \
    sofia.walter finn.mayer lea.huber max.kaiser emilia.fuchs \
    oskar.peters nina.lang jan.scholz julia.moeller tim.weiss \
    katrin.jung erik.hahn sabine.schubert oliver.vogel petra.friedrich \
    stefan.kellermann ines.guenther frank.berger monika.winkler uwe.roth \
    claudia.beck ralf.lorenz heike.baumann dirk.franke birgit.albrecht \
    holger.schuster anja.simon sven.ludwig doris.boehm kai.winter \
    tanja.kraus nils.martin silke.schumacher arne.kraemer maren.vogt \
    lars.stein wiebke.jaeger henrik.otto antje.sommer malte.gross \
    inga.seidel bjoern.heinrich ute.brandes jens.haas merle.schreiber \
    thore.graf swantje.schulte ole.dietrich rieke.ziegler hauke.kuhn \
    imke.pohl tjark.engel femke.horn enno.busch wencke.bergmann \
    keno.thomas gesche.voigt onno.sauer jule.arnold piet.pfeiffer";

/// A machine with a fixed address.
#[derive(Clone, Copy)]
pub(super) struct Server {
    pub(super) name: &'static str,
    pub(super) ip: &'static str,
}

impl Server {
    /// `dc01.corp.example`
    pub(super) fn fqdn(&self) -> String {
        format!("{}.corp.example", self.name)
    }
}

/// Someone who works at the company.
#[derive(Clone)]
pub(super) struct Person {
    /// `anna.keller`
    pub(super) login: &'static str,
    /// `Anna Keller`
    pub(super) name: String,
    /// `anna.keller@corp.example`
    pub(super) mail: String,
    pub(super) department: &'static str,
    /// `ws-117.corp.example`; people without one work on tablets and shared machines
    pub(super) host: Option<String>,
    /// Address of the workstation, or of the guest network
    pub(super) ip: String,
    /// Address at home
    pub(super) home: String,
    /// Works from home today
    pub(super) remote: bool,
    /// Domain SID
    pub(super) sid: String,
    /// Object id in Entra
    pub(super) object: String,
}

impl Person {
    /// The address the cloud sees.
    pub(super) fn outside(&self) -> &str {
        if self.remote { &self.home } else { EGRESS }
    }
}

/// The people.
pub(super) struct Company {
    pub(super) people: Vec<Person>,
}

impl Company {
    pub(super) fn new() -> Self {
        let people = LOGINS.split_whitespace().enumerate().map(|(n, login)| person(n, login));
        Self { people: people.collect() }
    }

    /// Whoever has this login; the first person when nobody has.
    pub(super) fn find(&self, login: &str) -> Person {
        let found = self.people.iter().find(|person| person.login == login);
        found.unwrap_or(&self.people[0]).clone()
    }

    /// People with a workstation that is in the house.
    pub(super) fn seated(&self) -> Vec<Person> {
        self.people
            .iter()
            .filter(|person| person.host.is_some() && !person.remote)
            .cloned()
            .collect()
    }
}

fn person(number: usize, login: &'static str) -> Person {
    const DEPARTMENTS: [&str; 6] =
        ["it", "development", "finance", "sales", "operations", "people"];
    let department = match (number, login) {
        (0..=4, _) => "it",
        (_, "anna.keller") => "finance",
        _ => DEPARTMENTS[1 + number % 5],
    };
    let seated = number < WORKSTATIONS;
    Person {
        login,
        name: login.split('.').map(capitalised).collect::<Vec<_>>().join(" "),
        mail: format!("{login}@corp.example"),
        department,
        host: seated.then(|| format!("ws-{}.corp.example", 101 + number)),
        ip: if seated { format!("10.20.1.{}", 101 + number) } else { format!("10.40.2.{number}") },
        home: format!("192.0.2.{}", 128 + number),
        remote: number > 4 && number % 6 == 5,
        sid: sid(1_104 + number as u64),
        object: format!("7b1f2c{number:02}-55aa-4c1e-9d20-3f6e8a90{:04}", 4_100 + number * 7),
    }
}

/// A SID of the domain.
pub(super) fn sid(relative: u64) -> String {
    format!("S-1-5-21-3087422615-1904463317-2280964411-{relative}")
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}
