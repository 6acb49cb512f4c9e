//! PowerShell script block logging (event 4104) as NXLog ships it.
//! Format: learn.microsoft.com, "about_Logging_Windows".

use serde_json::json;

use super::Day;
use super::clock::{HOUR, Moment, at};
use super::company::{APP, MANAGEMENT, SQL};
use super::office_hours::working;
use super::windows::{Event, nxlog};

pub(super) const FILE: &str = "windows_powershell.jsonl";

/// Scripts that run every day: path and text.
const SCRIPTS: [(&str, &str); 7] = [
    (
        "C:\\Windows\\CCM\\SystemTemp\\inventory.ps1",
        "Get-CimInstance -ClassName Win32_Product | Select-Object Name, Version | Export-Csv -Path $env:TEMP\\products.csv -NoTypeInformation",
    ),
    (
        "D:\\Jobs\\Clean-TempFolders.ps1",
        "Get-ChildItem -Path D:\\Scratch -Recurse -File | Where-Object { $_.LastWriteTime -lt (Get-Date).AddDays(-14) } | Remove-Item -Force",
    ),
    (
        "D:\\Jobs\\Report-Disk.ps1",
        "Get-Volume | Where-Object SizeRemaining -lt 20GB | ForEach-Object { Send-MailMessage -To ops@corp.example -From disk@corp.example -Subject $_.DriveLetter -SmtpServer mail.corp.example }",
    ),
    (
        "C:\\src\\harbour\\build.ps1",
        "param([string]$Target = 'Build')\nSet-StrictMode -Version Latest\ndotnet restore\ndotnet build --configuration Release\nif ($Target -eq 'Test') { dotnet test --no-build }",
    ),
    (
        "D:\\Jobs\\Sync-Groups.ps1",
        "Import-Module ActiveDirectory\n$members = Get-ADGroupMember -Identity 'SG-Project-Harbour'\n$members | Select-Object SamAccountName | Out-File D:\\Jobs\\harbour.txt",
    ),
    (
        "C:\\Program Files\\Monitoring Agent\\checks\\certificates.ps1",
        "Get-ChildItem Cert:\\LocalMachine\\My | Where-Object NotAfter -lt (Get-Date).AddDays(30)",
    ),
    ("", "prompt"),
];

/// Writes one script block.
pub(super) fn block(day: &mut Day, at: Moment, host: &str, sid: &str, path: &str, text: &str) {
    let event = Event {
        host,
        id: 4_104,
        channel: "Microsoft-Windows-PowerShell/Operational",
        provider: "Microsoft-Windows-PowerShell",
        guid: "{A0C1853B-5C40-4B15-8766-3CF1C58F985A}",
        task: 2,
        success: true,
    };
    let data = json!({"MessageNumber": "1", "MessageTotal": "1", "ScriptBlockText": text, "ScriptBlockId": day.random.uuid(), "Path": path,
        "UserID": sid});
    nxlog(day, FILE, at, &event, data);
}

/// Jobs on servers, management scripts on workstations, developers and administrators at work.
pub(super) fn benign(day: &mut Day) {
    for person in day.company.seated() {
        let Some(host) = person.host.clone() else { continue };
        let (path, text) = SCRIPTS[0];
        let when = at(5, 5, 3) + day.random.below(6 * HOUR);
        block(day, when, &host, "S-1-5-18", path, text);
        let script = match person.department {
            "development" => Some(SCRIPTS[3]),
            "it" => Some(SCRIPTS[4]),
            _ => None,
        };
        if let Some((path, text)) = script {
            for _ in 0..4 {
                let when = working(&mut day.random);
                block(day, when, &host, &person.sid, path, text);
            }
        }
    }
    for server in [APP, SQL, MANAGEMENT] {
        for hour in 0..24 {
            let (path, text) = *day.random.pick(&[SCRIPTS[1], SCRIPTS[2], SCRIPTS[5], SCRIPTS[6]]);
            let when = at(hour, 15, 0) + day.random.below(60_000);
            block(day, when, &server.fqdn(), "S-1-5-18", path, text);
        }
    }
}
