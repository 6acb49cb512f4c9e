//! `wardroom detect`: from paths to findings.

mod correlate;
mod sink;
mod work;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use detect::correlation::Correlator;
use model::Finding;

use self::correlate::Correlating;
use self::sink::Sink;
use self::work::{Found, Wishes, Worker, WorkerState};
use crate::args::{DetectArgs, FindingOutput};
use crate::attack::techniques_of;
use crate::exit::{Code, Failure, Outcome};
use crate::findings::Groups;
use crate::inputs::{self, Inputs};
use crate::loaded::Loaded;
use crate::output::navigator::{self, Techniques};
use crate::output::{counted, file, finding_table};
use crate::pipeline::{self, DeadLetters, Progress, Taken, Tally, per_second};
use crate::report;
use crate::terminal::Console;
use crate::time;

/// What a run gathers.
struct Run<'l> {
    output: FindingOutput,
    groups: Groups,
    tally: Tally,
    sink: Sink,
    correlating: Correlating<'l>,
    dead_letters: DeadLetters,
    outside: u64,
}

/// Runs the command.
pub(super) fn run(arguments: &DetectArgs, console: &mut Console) -> Outcome {
    if let (Some(since), Some(until)) = (arguments.since, arguments.until)
        && since >= until
    {
        return Err(Failure::usage(format!(
            "no time lies between --since {} and --until {}; --until must be the later one",
            time::show(since),
            time::show(until)
        )));
    }
    let found = inputs::collect(&arguments.paths)?;
    found.tell(console);
    let outputs = [&arguments.report, &arguments.navigator, &arguments.dead_letters];
    inputs::refuse_overwriting(&found, &outputs.map(Option::as_deref))?;
    let loaded = Loaded::load(&arguments.rules, &arguments.sources.sources)?;
    loaded.tell_refusals(&arguments.rules.rules, console);
    if loaded.rule_count() == 0 {
        return Err(Failure::usage("no rule can be used; `wardroom rules check PATH` says why"));
    }
    let forced = pipeline::forced(arguments.sources.source.as_deref(), loaded.catalog())?;
    // Whether files can be written is found out before the work, so that a wrong path costs nothing.
    let dead_letters = DeadLetters::open(arguments.dead_letters.as_deref())?;
    for path in [&arguments.report, &arguments.navigator].into_iter().flatten() {
        file::probe(path)?;
    }
    let lateness_ms = arguments.lateness.unwrap_or_else(|| correlate::lateness_of(&found));
    let correlator = Correlator::new(&loaded.rules, correlate::settings(lateness_ms));
    let wishes = Wishes {
        forced,
        min_level: arguments.min_level,
        since: arguments.since,
        until: arguments.until,
        output: arguments.output,
    };
    let worker = Worker::new(&loaded, &correlator, wishes);
    let mut run = Run {
        output: arguments.output,
        groups: Groups::default(),
        tally: Tally::default(),
        sink: Sink::new(arguments.output, arguments.limit),
        correlating: Correlating::new(&loaded, correlator, lateness_ms, arguments.min_level),
        dead_letters,
        outside: 0,
    };
    let elapsed = run.read(&found, arguments, &worker, console)?;
    run.finish(arguments, &loaded, elapsed, console)
}

impl Run<'_> {
    fn read(
        &mut self,
        found: &Inputs,
        arguments: &DetectArgs,
        worker: &Worker<'_>,
        console: &mut Console,
    ) -> Result<Duration, Failure> {
        let read_bytes = Arc::default();
        let progress = Progress::new(console, found.bytes(), &read_bytes);
        self.sink.begin(console)?;
        let threads = pipeline::threads(arguments.threads);
        let work = |state: &mut WorkerState, chunk| worker.work(state, chunk);
        let ended =
            pipeline::run(found, threads, &read_bytes, WorkerState::default, work, |taken| {
                progress.pause(|| self.take(taken, console))?;
                progress.update(self.tally.events(), Some(self.groups.total()));
                Ok(())
            });
        ended?;
        for finding in self.correlating.finish() {
            self.report(finding, console)?;
        }
        self.sink.end(console)?;
        Ok(progress.finish())
    }

    fn take(&mut self, taken: Taken<Found>, console: &mut Console) -> Result<(), Failure> {
        let found = match taken {
            Taken::Problem(name, problem) => {
                self.tally.problem(&name, &problem);
                return self.dead_letters.write(&name, &problem);
            }
            Taken::Worked(found) => found,
        };
        self.tally.add(&found.tally);
        self.outside += found.outside;
        for problem in &found.problems {
            self.tally.problem(&found.name, problem);
            self.dead_letters.write(&found.name, problem)?;
        }
        for line in &found.rendered {
            self.sink.write(line, console)?;
        }
        for finding in found.examples {
            self.groups.add(finding);
        }
        for (rule, entity, time) in &found.briefs {
            self.groups.add_brief(rule, entity, *time);
        }
        for finding in self.correlating.take(&found.name, found.hits, found.latest_ms) {
            self.report(finding, console)?;
        }
        Ok(())
    }

    fn report(&mut self, finding: Finding, console: &mut Console) -> Result<(), Failure> {
        if let Some(line) = sink::render(self.output, &finding)? {
            self.sink.write(&line, console)?;
        }
        self.groups.add(finding);
        Ok(())
    }

    fn finish(
        self,
        arguments: &DetectArgs,
        loaded: &Loaded,
        elapsed: Duration,
        console: &mut Console,
    ) -> Outcome {
        let Self { groups, tally, correlating, dead_letters, outside, .. } = self;
        dead_letters.finish()?;
        let summary = summary(&groups, &tally, loaded);
        if arguments.output == FindingOutput::Table {
            finding_table::write_groups(&groups, arguments.limit, console)?;
            writeln!(console.out, "{summary}")?;
        }
        if arguments.stats {
            let table = tally.table(loaded.catalog(), console);
            if arguments.output == FindingOutput::Table {
                write!(console.out, "\n{table}")?;
            } else {
                console.note(table.trim_end());
            }
        }
        console.out.flush()?;
        if let Some(path) = &arguments.report {
            let subject = report::Subject {
                groups: &groups,
                tally: &tally,
                catalog: loaded.catalog(),
                rules: (loaded.rule_count(), loaded.refusals.len()),
                summary: &summary,
            };
            report::write(path, &subject)?;
            console.note(&format!("report: {}", path.display()));
        }
        if let Some(path) = &arguments.navigator {
            let layer =
                navigator::layer("Wardroom findings", &summary, "findings", &techniques(&groups));
            navigator::write_layer(path, &layer)?;
        }
        tally.tell(console);
        correlating.tell(console);
        if outside > 0 {
            console.note(&format!("{} left out by --since and --until", counted(outside, "event")));
        }
        if tally.events() == 0 {
            console.note("no events were read; are these the right files?");
        }
        if arguments.output != FindingOutput::Table {
            console.note(&summary);
        }
        let rate = per_second(tally.events(), elapsed);
        console.note(&format!("{rate} events/s, {:.1} s", elapsed.as_secs_f64()));
        let is_over = arguments.fail_level.is_some_and(|level| groups.at_least(level) > 0);
        let code = tally.conclude(loaded.refusals.len(), console);
        Ok(if is_over { Code::Gate } else { code })
    }
}

/// One line: what was found in what, with which rules.
fn summary(groups: &Groups, tally: &Tally, loaded: &Loaded) -> String {
    let findings = match groups.total() {
        0 => "no findings".to_owned(),
        total => format!("{} ({})", counted(total, "finding"), groups.in_words()),
    };
    let refused = loaded.refusals.len();
    format!(
        "{findings} in {} of {}; {} unrecognised, {}; {}, {refused} refused",
        counted(tally.events(), "event"),
        counted(tally.sources(loaded.catalog()), "source"),
        tally.unrecognised(),
        counted(tally.problem_count() - tally.routine_unrecognised(), "problem"),
        counted(loaded.rule_count(), "rule"),
    )
}

/// The techniques of the findings.
fn techniques(groups: &Groups) -> Techniques {
    let mut techniques = Techniques::new();
    for group in groups.ordered() {
        for id in techniques_of(&group.rule) {
            let technique = techniques.entry(id.to_owned()).or_default();
            technique.score += group.count;
            technique.level = technique.level.max(group.rule.level);
            technique.comments.push(format!("{} ({})", group.rule.title, group.count));
        }
    }
    techniques
}
