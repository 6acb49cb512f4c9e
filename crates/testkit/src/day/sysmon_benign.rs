//! An ordinary day in Sysmon: office programs, browsers, developers, management, protection software.

use super::Day;
use super::clock::{HOUR, MINUTE, SECOND, at};
use super::company::{DC, FILES, PROXY, Person, Server, WINDOWS};
use super::office_hours::{every, working};
use super::sysmon::{
    Process, Start, access, connection, end, file, image, query, registry, running, start,
};

const SYSTEM: &str = "NT AUTHORITY\\SYSTEM";
const PROGRAMS: [(&str, &str); 9] = [
    (
        "C:\\Program Files (x86)\\Microsoft\\Edge\\Application\\msedge.exe",
        "--profile-directory=Default --no-startup-window",
    ),
    ("C:\\Program Files\\Microsoft Office\\root\\Office16\\OUTLOOK.EXE", "/recycle"),
    (
        "C:\\Program Files\\Microsoft Office\\root\\Office16\\EXCEL.EXE",
        "\"\\\\fs01\\Finance\\Closing\\2026-02.xlsx\"",
    ),
    (
        "C:\\Program Files\\Microsoft Office\\root\\Office16\\WINWORD.EXE",
        "/n \"\\\\fs01\\Projects\\Harbour\\minutes.docx\" /o \"\"",
    ),
    (
        "C:\\Program Files\\WindowsApps\\MSTeams_25031.203.3479.1829_x64__8wekyb3d8bbwe\\ms-teams.exe",
        "msteams:system-initiated",
    ),
    ("C:\\Windows\\System32\\notepad.exe", "C:\\Users\\Public\\Documents\\phone list.txt"),
    ("C:\\Program Files\\7-Zip\\7zFM.exe", "\"D:\\Scans\\2026-03.zip\""),
    ("C:\\Windows\\System32\\mstsc.exe", "/v:app01.corp.example"),
    ("C:\\Windows\\System32\\calc.exe", ""),
];
const TOOLS: [(&str, &str); 6] = [
    ("C:\\Program Files\\Git\\cmd\\git.exe", "git fetch --all --prune"),
    (
        "C:\\Program Files\\Microsoft VS Code\\Code.exe",
        "--type=utility --utility-sub-type=node.mojom.NodeService",
    ),
    ("C:\\Program Files\\nodejs\\node.exe", "node ./node_modules/.bin/vite --port 5173"),
    ("C:\\Program Files\\dotnet\\dotnet.exe", "dotnet test --no-restore"),
    (
        "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
        "powershell.exe -NoProfile -File C:\\src\\harbour\\build.ps1 -Target Test",
    ),
    ("C:\\Program Files\\Docker\\Docker\\resources\\bin\\docker.exe", "docker compose up -d"),
];
const NAMES: [(&str, &str); 6] = [
    ("outlook.office365.com", "type:  5 outlook.ms-acdc.office.com;::ffff:192.0.2.40;"),
    ("teams.microsoft.com", "::ffff:192.0.2.41;"),
    ("dc01.corp.example", "::ffff:10.10.0.10;"),
    ("prx01.corp.example", "::ffff:10.10.0.40;"),
    ("wpad.corp.example", ""),
    ("news.example", "::ffff:192.0.2.77;"),
];

pub(super) fn write(day: &mut Day) {
    for person in day.company.seated() {
        workplace(day, &person);
    }
    for server in WINDOWS {
        maintenance(day, server);
    }
}

/// One workstation: what its user and its agents do.
fn workplace(day: &mut Day, person: &Person) {
    let Some(host) = person.host.clone() else { return };
    let user = format!("CORP\\{}", person.login);
    let explorer = running(day, "C:\\Windows\\explorer.exe", "C:\\Windows\\Explorer.EXE", &user);
    for _ in 0..day.random.between(5, 8) {
        let at = working(&mut day.random);
        let developer = person.department == "development" && day.random.chance(55);
        let (program, arguments) =
            if developer { *day.random.pick(&TOOLS) } else { *day.random.pick(&PROGRAMS) };
        let command = if developer {
            arguments.to_owned()
        } else {
            format!("\"{program}\" {arguments}").trim_end().to_owned()
        };
        let folder = if developer {
            "C:\\src\\harbour\\".to_owned()
        } else {
            format!("C:\\Users\\{}\\", person.login)
        };
        let what = Start {
            host: &host,
            user: &user,
            image: program,
            command: &command,
            integrity: "Medium",
            folder: &folder,
        };
        let process = start(day, at, &explorer, &what);
        follow(day, at, person, &host, &process);
    }
    agents(day, &host);
    if person.department == "it" {
        support(day, person, &host, &user);
    }
}

/// Someone of the IT department looks why something does not work; once, whether the domain trusts are gone.
fn support(day: &mut Day, person: &Person, host: &str, user: &str) {
    let last = match person.login {
        "jonas.weber" => ("nltest.exe", "nltest /domain_trusts"),
        _ => ("nslookup.exe", "nslookup intranet.corp.example"),
    };
    let shell = running(
        day,
        "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
        "powershell.exe",
        user,
    );
    let at = working(&mut day.random);
    for (n, (name, command)) in
        (0..).zip([("ipconfig.exe", "ipconfig /flushdns"), ("PING.EXE", "ping fs01"), last])
    {
        let image = format!("C:\\Windows\\System32\\{name}");
        let what = Start {
            host,
            user,
            image: &image,
            command,
            integrity: "Medium",
            folder: "C:\\Users\\",
        };
        start(day, at + n * 40 * SECOND, &shell, &what);
    }
}

/// What a program does after its start: a name, a connection, a file, a library, its end.
fn follow(day: &mut Day, at: u64, person: &Person, host: &str, process: &Process) {
    let browser = process.image.ends_with("msedge.exe")
        || process.image.ends_with("OUTLOOK.EXE")
        || process.image.ends_with("ms-teams.exe");
    if browser {
        let (name, result) = *day.random.pick(&NAMES);
        query(day, at + 2 * SECOND, host, process, name, result);
        connection(
            day,
            at + 2_200,
            host,
            process,
            &person.ip,
            (PROXY, "prx01.corp.example", 3_128),
        );
    } else if process.image.ends_with("EXCEL.EXE") || process.image.ends_with("WINWORD.EXE") {
        let path = format!(
            "C:\\Users\\{}\\AppData\\Local\\Microsoft\\Office\\UnsavedFiles\\~{}.tmp",
            person.login,
            day.random.hex(6)
        );
        file(day, at + 5 * SECOND, host, process, &path);
        connection(
            day,
            at + 3 * SECOND,
            host,
            process,
            &person.ip,
            (FILES.ip, "fs01.corp.example", 445),
        );
        image(day, at + SECOND, host, process, "C:\\Windows\\System32\\wbem\\wbemdisp.dll");
    }
    if day.random.chance(45) {
        let later = day.random.between(2, 90) * MINUTE;
        end(day, (at + later).min(24 * HOUR - 1), host, process);
    }
}

/// Protection, management and update agents of one workstation.
fn agents(day: &mut Day, host: &str) {
    let services = running(
        day,
        "C:\\Windows\\System32\\services.exe",
        "C:\\Windows\\system32\\services.exe",
        SYSTEM,
    );
    let defender = running(
        day,
        "C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.25010.11-0\\MsMpEng.exe",
        "",
        SYSTEM,
    );
    let lsass = running(
        day,
        "C:\\Windows\\System32\\lsass.exe",
        "C:\\Windows\\system32\\lsass.exe",
        SYSTEM,
    );
    let service =
        running(day, "C:\\Windows\\CCM\\CcmExec.exe", "C:\\Windows\\CCM\\CcmExec.exe", SYSTEM);
    let when = working(&mut day.random);
    let trace = "C:\\Windows\\SYSTEM32\\ntdll.dll+a1234|C:\\Windows\\System32\\KERNELBASE.dll+31d7e|C:\\ProgramData\\Microsoft\\Windows Defender\\Platform\\4.18.25010.11-0\\mpsvc.dll+8b2f1";
    access(day, when, host, &defender, &lsass, "0x1000", trace);
    let task = Start {
        host,
        user: SYSTEM,
        image: "C:\\Windows\\System32\\svchost.exe",
        integrity: "System",
        folder: "C:\\Windows\\system32\\",
        command: "C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s Schedule",
    };
    let night = at(2, 40, 0) + day.random.below(HOUR);
    let update = start(day, night, &services, &task);
    let night = at(3, 50, 0) + day.random.below(HOUR);
    registry(
        day,
        night,
        host,
        &update,
        "HKLM\\SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate\\Auto Update\\Results\\Install\\LastSuccessTime",
        "2026-03-02 03:51:00",
    );
    let script = Start {
        host,
        user: SYSTEM,
        image: "C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe",
        integrity: "System",
        folder: "C:\\Windows\\CCM\\",
        command: "\"C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe\" -NoLogo -NonInteractive -NoProfile -ExecutionPolicy AllSigned -File \"C:\\Windows\\CCM\\SystemTemp\\inventory.ps1\"",
    };
    let when = at(5, 5, 0) + day.random.below(6 * HOUR);
    let process = start(day, when, &service, &script);
    let when = at(12, 0, 0) + day.random.below(HOUR);
    end(day, when, host, &process);
}

/// A server: scheduled jobs, shadow copies of the backup, directory work.
fn maintenance(day: &mut Day, server: Server) {
    let host = &server.fqdn();
    let svchost = running(
        day,
        "C:\\Windows\\System32\\svchost.exe",
        "C:\\Windows\\system32\\svchost.exe -k netsvcs -p -s Schedule",
        SYSTEM,
    );
    let agent = running(
        day,
        "C:\\Program Files\\Backup Agent\\agent.exe",
        "\"C:\\Program Files\\Backup Agent\\agent.exe\" --service",
        SYSTEM,
    );
    let lsass = running(
        day,
        "C:\\Windows\\System32\\lsass.exe",
        "C:\\Windows\\system32\\lsass.exe",
        SYSTEM,
    );
    for at in every(&mut day.random, 3 * HOUR, 20 * MINUTE) {
        let what = Start {
            host,
            user: SYSTEM,
            image: "C:\\Windows\\System32\\taskhostw.exe",
            command: "taskhostw.exe Install",
            integrity: "System",
            folder: "C:\\Windows\\system32\\",
        };
        let process = start(day, at, &svchost, &what);
        end(day, (at + 40 * SECOND).min(24 * HOUR - 1), host, &process);
        connection(day, at + SECOND, host, &lsass, server.ip, (DC.ip, "dc01.corp.example", 88));
    }
    let what = Start {
        host,
        user: SYSTEM,
        image: "C:\\Windows\\System32\\vssadmin.exe",
        command: "vssadmin.exe list writers",
        integrity: "System",
        folder: "C:\\Windows\\system32\\",
    };
    let when = at(22, 0, 4) + day.random.below(50 * MINUTE);
    start(day, when, &agent, &what);
    file(day, at(22, 58, 0), host, &agent, "D:\\Backup\\Catalog\\2026-03-02.cat");
}
