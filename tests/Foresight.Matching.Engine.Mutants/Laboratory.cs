using System.Collections.Concurrent;
using System.Diagnostics;

namespace Foresight.Matching.Engine.Mutants;

/// <summary>The tests are compiled once, against the sound sources, so that a mutant costs a build of the broken project alone.</summary>
internal sealed class Laboratory(string root, Subject subject) : IDisposable
{
    // Enough for the random streams to meet every rule many times.
    private const string RandomCommands = "5000";
    private const int NoEnd = -1;

    // The test platform's message when a defect crashes its process: out of memory, or endless recursion.
    private const string Crashed = "Test host process crashed";

    /// <summary>A server that compiles would outlive the laboratory, and several at once are more than a machine may have.</summary>
    private static readonly string[] Quiet = ["-v", "quiet", "--nologo", "-p:UseSharedCompilation=false", "-nodeReuse:false"];

    /// <summary>Long, because a busy machine is slow: what a defect does is for the tests to show.</summary>
    private static readonly TimeSpan PatienceOfBuilds = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Benches on which all that the project takes is built as the sources have it: there a mutant needs the project alone.
    /// </summary>
    private readonly ConcurrentDictionary<int, bool> _soundBelow = new();

    private readonly string _folder = Directory.CreateTempSubdirectory("foresight-mutants-").FullName;

    public static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Foresight.sln")))
                return folder.FullName;
        }

        throw new InvalidOperationException("run it from inside the repository");
    }

    /// <param name="ofAll">The tests that must pass without a mutant; none: all.</param>
    public async Task<bool> PrepareAsync(int benches, IReadOnlyList<string> ofAll)
    {
        Console.WriteLine("building the tests");
        var tests = Path.Combine(_folder, "tests");
        var build = await RunAsync(root, ["build", Path.Combine("tests", subject.Tests), .. Quiet, "-o", tests]);
        if (build.ExitCode != 0)
        {
            Console.Error.WriteLine(build.Output);
            return false;
        }

        // One failure kills a mutant, so the tests need not go on.
        await File.WriteAllTextAsync(Path.Combine(tests, "xunit.runner.json"), """{ "stopOnFail": true }""");
        for (var bench = 0; bench < benches; bench++)
        {
            foreach (var folder in subject.Copied)
                Copy(
                    Path.Combine(root, folder),
                    Path.Combine(Bench(bench), folder),
                    name => name is not ("bin" or "obj" or "node_modules")
                );
            foreach (var file in (string[])["Directory.Build.props", "Directory.Packages.props", ".editorconfig", "global.json"])
                File.Copy(Path.Combine(root, file), Path.Combine(Bench(bench), file));
            Copy(tests, Path.Combine(Bench(bench), "tests"), _ => true);
            var restored = await RunAsync(Path.Combine(Bench(bench), subject.Project), ["restore"]);
            if (restored.ExitCode != 0)
            {
                Console.Error.WriteLine(restored.Output);
                return false;
            }
        }

        var sound = await TryAsync(Mutant.None with { Tests = ofAll }, bench: 0);
        if (sound.Fate != Fate.Survived)
            Console.Error.WriteLine($"the tests fail without a mutant: {sound.By}");
        return sound.Fate == Fate.Survived;
    }

    public async Task<Verdict> TryAsync(Mutant mutant, int bench)
    {
        var core = Path.Combine(Bench(bench), subject.Project);
        var source = Path.Combine(Bench(bench), subject.Sources, mutant.File);
        var sound = mutant.File.Length == 0 ? "" : await File.ReadAllTextAsync(source);
        if (mutant.File.Length > 0)
            await File.WriteAllTextAsync(source, mutant.Apply(sound));

        var isInProject = $"{subject.Sources}/{mutant.File}".TrimStart('/').StartsWith($"{subject.Project}/", StringComparison.Ordinal);
        // A defect may leave something unused; the resulting warning must not count as detection.
        var build = await RunAsync(
            core,
            [
                "build",
                "--no-restore",
                .. isInProject && _soundBelow.ContainsKey(bench) ? ["--no-dependencies"] : Array.Empty<string>(),
                .. Quiet,
                "-p:TreatWarningsAsErrors=false",
                "-p:EnforceCodeStyleInBuild=false",
                "-p:RunAnalyzers=false",
                "-o",
                Path.Combine(Bench(bench), "built"),
            ]
        );
        if (build.ExitCode != 0)
            throw new FormatException($"{mutant.Name} does not compile:\n{build.Output}");
        if (mutant.File.Length > 0)
            await File.WriteAllTextAsync(source, sound);
        if (isInProject || mutant.File.Length == 0)
            _soundBelow[bench] = true;
        else
            _soundBelow.TryRemove(bench, out _);

        foreach (var built in subject.Copied.Select(folder => $"{folder}.dll"))
        {
            var from = Path.Combine(Bench(bench), "built", built);
            if (File.Exists(from))
                File.Copy(from, Path.Combine(Bench(bench), "tests", built), overwrite: true);
        }

        string[] chosen =
            mutant.Tests.Count == 0 ? [] : ["--filter", string.Join('|', mutant.Tests.Select(tests => $"FullyQualifiedName~.{tests}"))];
        var run = await RunAsync(
            core,
            ["test", Path.Combine(Bench(bench), "tests", $"{subject.Tests}.dll"), "--nologo", .. chosen],
            mutant.File.Length == 0 ? 3 : 1
        );
        if (run.ExitCode == 0)
            return new Verdict(Fate.Survived, "");
        var by = run.Output.Split('\n').FirstOrDefault(line => line.Contains("[FAIL]", StringComparison.Ordinal));
        if (by is not null)
            return new Verdict(Fate.Killed, Short(by));
        if (run.ExitCode == NoEnd)
            return new Verdict(Fate.Unclear, "no end");
        return run.Output.Contains(Crashed, StringComparison.Ordinal)
            ? new Verdict(Fate.Killed, "the tests' process crashed")
            : new Verdict(Fate.Unclear, $"no test failed, but the run did with {run.ExitCode}: {LastLine(run.Output)}");
    }

    /// <summary>
    /// The first run of a mutant may be inconclusive, because a busy machine is slow, and may not even start the tests: it is tried again
    /// alone. A defect that never terminates counts as killed if it again does not, while the sound engine, run next, does.
    /// </summary>
    public async Task<Verdict> TryAloneAsync(Mutant mutant)
    {
        var again = await TryAsync(mutant, bench: 0);
        if (again is not { Fate: Fate.Unclear, By: "no end" })
            return again;
        var sound = await TryAsync(Mutant.None with { Tests = mutant.Tests }, bench: 0);
        return sound.Fate == Fate.Survived ? again with { Fate = Fate.Killed, By = "no end, twice" } : again;
    }

    private static string LastLine(string output) => output.Trim().Split('\n')[^1].Trim();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private string Short(string line)
    {
        var prefix = $"{subject.Tests}.";
        var from = line.IndexOf(prefix, StringComparison.Ordinal);
        var name = (from < 0 ? line : line[(from + prefix.Length)..]).Replace("[FAIL]", "", StringComparison.Ordinal).Trim();
        return name.Length > 90 ? name[..90] : name;
    }

    private string Bench(int number) => Path.Combine(_folder, $"bench-{number}");

    private static void Copy(string from, string to, Func<string, bool> isWanted)
    {
        Directory.CreateDirectory(to);
        foreach (var file in Directory.GetFiles(from))
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        foreach (var folder in Directory.GetDirectories(from).Where(folder => isWanted(Path.GetFileName(folder))))
            Copy(folder, Path.Combine(to, Path.GetFileName(folder)), isWanted);
    }

    /// <param name="times">The tests of all mutants together need more than those of one.</param>
    private async Task<(int ExitCode, string Output)> RunAsync(string folder, IReadOnlyList<string> arguments, int times = 1)
    {
        var start = new ProcessStartInfo("dotnet", arguments)
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["FORESIGHT_RANDOM_COMMANDS"] = RandomCommands;
        start.Environment["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1";
        // dotnet run passes it on to child processes, where it would make the test host look in the wrong place.
        start.Environment.Remove("MSBuildSDKsPath");
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        using var patience = new CancellationTokenSource(arguments[0] == "test" ? times * subject.Patience : PatienceOfBuilds);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException)
        {
            // Killed, because it is an endless loop, or the machine is too busy for the tests.
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync();
            return (NoEnd, "");
        }

        return (process.ExitCode, await output + await error);
    }
}
