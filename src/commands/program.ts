// The command line: commands, arguments, options and their help. Each command's own module is loaded when it runs, so
// that `--help` answers at once.
import { Command, InvalidArgumentError, Option } from "commander";
import { DEFAULT_RESULTS } from "../dashboard/format.js";
import { EVENT_KINDS } from "../store/records.js";
import { EXIT_STATUS_HELP } from "./failure.js";
import { readVersion } from "./version.js";

const NEWEST = "a study's name (default: the newest)";

const HUB_HELP = `Environment, for models of the Hugging Face hub: HF_ENDPOINT, HF_TOKEN, HF_HUB_OFFLINE, HF_HUB_CACHE, HF_HOME.`;

/** `onExit` gets the status of a command that has one of its own, `onStart` the results folder of a command that has one. */
export function createProgram(
  onExit: (status: number) => void,
  onStart: (results: string | undefined) => void = () => {},
): Command {
  const program = new Command("dualrate")
    .description("Find the best learning-rate ratio for tokens introduced into a pretrained transformer.")
    .version(readVersion())
    .exitOverride()
    .showHelpAfterError("  hint: dualrate --help lists the commands, dualrate COMMAND --help a command's options.")
    .addHelpText(
      "after",
      examples(
        "dualrate demo",
        "dualrate plan sweep.yaml",
        "dualrate run sweep.yaml",
        "dualrate compare",
        "dualrate export -o best.yaml",
      ),
    )
    .addHelpText("after", `\n${HUB_HELP}\n\n${EXIT_STATUS_HELP}`)
    .hook("preAction", (_, command) => onStart(command.opts().results));
  addSweepCommands(program, onExit);
  addStudyCommands(program);
  addExport(program, onExit);
  addUpkeep(program, onExit);
  program
    .command("schema")
    .description("print the JSON Schema of sweep files, for editors")
    .addHelpText("after", examples("dualrate schema > sweep.schema.json"))
    .action(async () => (await import("./schema.js")).schema());
  return program;
}

/** Commands that take a sweep file. */
function addSweepCommands(program: Command, onExit: (status: number) => void): void {
  withRunOptions(program.command("demo"))
    .description("copy the demo sweep, which takes ten seconds, into a folder and run it")
    .argument("[folder]", "a new or an empty folder", "dualrate-demo")
    .option("--force", "replace the demo's files in a folder that is not empty")
    .addHelpText("after", examples("dualrate demo", "dualrate demo my-demo --plain"))
    .action(async (folder, options) => onExit(await (await import("./demo.js")).demo(folder, options)));
  withResults(program.command("plan"))
    .description("say what a sweep file would run, and check its inputs; stores nothing")
    .argument("<file>", "a sweep file")
    .option("--limit <n>", "configurations to list; of a longer grid its first and last ones", positiveInteger, 40)
    .option("--calibrate", "train a few steps of the largest configuration: time of the whole sweep, and peak memory")
    .addOption(jsonOption())
    .addHelpText("after", RUN_LIMITS)
    .addHelpText(
      "after",
      examples(
        "dualrate plan sweep.yaml",
        "dualrate plan sweep.yaml --calibrate",
        "dualrate plan sweep.yaml --limit 100 --json",
      ),
    )
    .action(async (file, options) => (await import("./plan.js")).plan(file, options));
  withRunOptions(program.command("run"))
    .description("run a sweep, or go on with it; Ctrl-C finishes the running trials, twice stops at once")
    .argument("<file>", "a sweep file")
    .option("--enqueue <values>", "run this configuration next, e.g. 'base_lr=1e-4,lr_ratio=16'; repeatable", collect)
    .option("--extend", "go on with a study whose file was changed to more trials, budget, or another space")
    .option(
      "--warm-start <study>",
      "begin a search by method bayes from another study's trials; FOLDER:STUDY for another results folder",
    )
    .addHelpText("after", RUN_LIMITS)
    .addHelpText(
      "after",
      examples(
        "dualrate run sweep.yaml",
        "dualrate run sweep.yaml --workers 4 --plain --strict",
        "dualrate run sweep.yaml --extend",
        "dualrate run larger.yaml --warm-start small",
      ),
    )
    .action(async (file, options) => onExit(await (await import("./run.js")).run(file, options)));
  program
    .command("train")
    .description("train one configuration, such as an exported one, and compare its result; stores nothing")
    .argument("<file>", "a sweep file with one value for each parameter")
    .addOption(jsonOption())
    .option("--strict", "exit with status 1 where the result is not the exported one")
    .addHelpText("after", examples("dualrate train best.yaml", "dualrate train best.yaml --strict --json"))
    .action(async (file, options) => onExit(await (await import("./train.js")).train(file, options)));
}

const RUN_LIMITS = `
A sweep ends where its search does, or at the first budget of its file that is spent, and says which:
  budget: {trials: 40, minutes: 90, steps: 20000, tokens: 5000000}    # each optional; trials is run_cap`;

/** Commands that read what is stored. */
function addStudyCommands(program: Command): void {
  withViewOptions(program.command("dashboard"))
    .description("watch a study, read-only, from another terminal")
    .argument("[study]", NEWEST)
    .addHelpText("after", examples("dualrate dashboard", "dualrate dashboard my-sweep --ascii"))
    .action(async (study, options) => (await import("./dashboard.js")).dashboard(study, options));
  withResults(program.command("rank"))
    .description("list a study's configurations, best first: the mean of their seeds, and its standard error")
    .argument("[study]", NEWEST)
    .addOption(jsonOption().conflicts("csv"))
    .option("--csv", "print CSV with all parameters")
    .option("--limit <n>", "at most so many rows (a table: 100; JSON and CSV: all)", positiveInteger)
    .option("--seeds", "one row for each trial, whichever its seed")
    .addHelpText(
      "after",
      examples("dualrate rank", "dualrate rank my-sweep --limit 5", "dualrate rank --seeds --csv > trials.csv"),
    )
    .action(async (study, options) => (await import("./rank.js")).rank(study, options));
  withResults(program.command("compare"))
    .description(
      "compare learning-rate ratios with each other and with ratio 1; with several seeds, say how sure that is",
    )
    .argument("[studies...]", `${NEWEST}; of several, each one's best ratio and whether they agree`)
    .addOption(jsonOption())
    .option("--html <file>", "also write it as one HTML file, with a figure: for a browser, a mail or a wiki")
    .option("--svg <dir>", "also write its figure there, as ratio.svg")
    .option("--force", "replace existing files")
    .addHelpText(
      "after",
      examples(
        "dualrate compare",
        "dualrate compare my-sweep --json",
        "dualrate compare small large",
        "dualrate compare my-sweep --html report.html",
      ),
    )
    .action(async (studies, options) => (await import("./compare.js")).compare(studies, options));
  withResults(program.command("explain"))
    .description("say in plain words what a study has found, what to be careful of, and what to do next")
    .argument("[study]", NEWEST)
    .addOption(jsonOption())
    .addHelpText("after", examples("dualrate explain", "dualrate explain my-sweep --json"))
    .action(async (study, options) => (await import("./explain.js")).explain(study, options));
  withResults(program.command("show"))
    .description("show all that is known of a study, or of one trial")
    .argument("[study]", `${NEWEST}; a number alone is a trial of the newest`)
    .argument("[trial]", "a trial's number", positiveInteger)
    .addOption(jsonOption())
    .addHelpText("after", examples("dualrate show", "dualrate show 7", "dualrate show my-sweep 7 --json"))
    .action(async (study, trial, options) => (await import("./show.js")).show(study, trial, options));
  withResults(program.command("log"))
    .description("print what happened to a study: decisions, failures, retries, and which process ran it when")
    .argument("[study]", NEWEST)
    .option("--trial <n>", "only what happened to this trial", positiveInteger)
    .addOption(new Option("--kind <kind>", "only events of this kind").choices(EVENT_KINDS))
    .option("--follow", "go on as long as a process runs the study")
    .option("--json", "print one JSON object a line")
    .addHelpText(
      "after",
      examples("dualrate log", "dualrate log my-sweep --trial 7", "dualrate log --kind lease --json"),
    )
    .action(async (study, options) => (await import("./log.js")).log(study, options));
  withResults(program.command("studies"))
    .description("list the studies of the results folder")
    .addOption(jsonOption())
    .addHelpText("after", examples("dualrate studies", "dualrate studies --results /data/results --json"))
    .action(async (options) => (await import("./studies.js")).studies(options));
}

function addExport(program: Command, onExit: (status: number) => void): void {
  withResults(program.command("export"))
    .description("write the best configuration as a file, or its trained model; or all trials")
    .argument("[study]", NEWEST)
    .option("--trial <n>", "this trial instead of the best", positiveInteger)
    .option("-o, --output <file>", "where to write (default: standard output)")
    .addOption(
      new Option("--format <format>", "see below (default: as the output's name says, or yaml)").choices([
        "yaml",
        "json",
        "python",
        "peft",
        "training-args",
        "csv",
        "optuna",
      ]),
    )
    .option("--checkpoint <dir>", "write the trained model instead, as a Hugging Face folder")
    .option("--batches <file>", "with --checkpoint: also the validation set's batches, as JSON lines of token ids")
    .addOption(
      new Option(
        "--train-batches <file>",
        "write the training batches instead, as JSON lines of token ids, to compare another trainer with",
      ).conflicts(["output", "format", "checkpoint"]),
    )
    .option("--steps <n>", "with --train-batches: of the first n steps", positiveInteger)
    .option("--start-weights <file>", "with --train-batches: also the model before the first step, as safetensors")
    .option("--force", "replace an existing file or folder")
    .addHelpText("after", EXPORT_FORMATS)
    .addHelpText(
      "after",
      examples(
        "dualrate export -o best.yaml",
        "dualrate export -o train.py",
        "dualrate export my-sweep --trial 7 --format json",
        "dualrate export --checkpoint best-model",
      ),
    )
    .action(async (study, options) => {
      if (options.checkpoint !== undefined) {
        return onExit(await (await import("./export-model.js")).exportModel(study, options));
      }
      if (options.trainBatches !== undefined) {
        return onExit(await (await import("./export-start.js")).exportStart(study, options));
      }
      return (await import("./export.js")).exportTrial(study, options);
    });
}

/** Commands that look after the machine and its disk. */
function addUpkeep(program: Command, onExit: (status: number) => void): void {
  withResults(program.command("gc"))
    .description(
      "remove files that nobody needs: checkpoints of ended trials, weights of all but the best, files left half",
    )
    .argument("[study]", "this study alone (default: all); what a living process runs is left alone")
    .option("--dry-run", "say what would be removed, and remove nothing")
    .option("--orphans", "also files of trials whose study is not in the database")
    .option("--delete <study>", "delete this study: its trials, measurements, checkpoints and weights")
    .option("--yes", "with --delete: do not ask")
    .addOption(jsonOption())
    .addHelpText("after", GC_HELP)
    .addHelpText(
      "after",
      examples("dualrate gc --dry-run", "dualrate gc my-sweep --json", "dualrate gc --delete my-sweep"),
    )
    .action(async (study, options) => onExit(await (await import("./gc.js")).gc(study, options)));
  withResults(program.command("doctor"))
    .description("check the installation and this machine, and say what to do about each problem")
    .option("--online", "also ask the hub whether it can be reached (five seconds at most)")
    .addOption(jsonOption())
    .addHelpText("after", "\nExit status: 1 where there is a problem; a warning is none.")
    .addHelpText("after", examples("dualrate doctor", "dualrate doctor --results /data/results --online"))
    .action(async (options) => onExit(await (await import("./doctor.js")).doctor(options)));
}

const GC_HELP = `
Only files of trials are removed, under checkpoints/ and weights/ in a study's folder: what else lies there, and what a link leads
to, stays. The database keeps its size after --delete; later studies use the room.`;

const EXPORT_FORMATS = `
Formats:
  yaml, json  a sweep file of this one configuration, for dualrate train and run
  python      a script that trains it with PyTorch and transformers, without dualrate (also for names in .py)
  peft        Python functions that train the introduced rows with PEFT, at their rate and schedule; PEFT cannot give
              the pretrained weights a rate of their own
  training-args  Hugging Face's TrainingArguments as JSON: the loop, and the rate and schedule of the pretrained weights
  csv         a row for each trial of the study (also for names in .csv)
  optuna      a journal of all ended trials with their measurements, for Optuna and its dashboard

A folder written with --checkpoint has the model, its tokenizer, a model card (README.md) and trainer_state.json.`;

function withResults(command: Command): Command {
  return command.option("--results <dir>", "the folder that holds sweeps.db", DEFAULT_RESULTS);
}

function withRunOptions(command: Command): Command {
  return withViewOptions(command)
    .option("--workers <n>", "trials at the same time (default: what cores and memory allow)", positiveInteger)
    .option("--overcommit", "start even where the estimated memory is not free")
    .option("--strict", "exit with status 3 where a trial failed")
    .option("--retry-failed", "run failed trials again, those that diverged aside");
}

function withViewOptions(command: Command): Command {
  return withResults(command)
    .option("--plain", "lines on standard error instead of the dashboard")
    .option("--json", "events as JSON lines on standard output; implies --plain")
    .option("--no-alt-screen", "draw the dashboard in the scrollback")
    .option("--ascii", "draw with ASCII characters only");
}

function jsonOption(): Option {
  return new Option("--json", "print JSON");
}

function examples(...lines: readonly string[]): string {
  return `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}

function positiveInteger(text: string): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a positive integer.");
}

function collect(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, text];
}
