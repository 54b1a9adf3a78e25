using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;
using Foresight.Simulation;
using Foresight.Simulation.Mutants;

namespace Foresight.Bench.Simulate;

/// <summary>
/// <c>simulate [--seeds N] [--from S] [--mutant NAME] [--trace]</c>: exit status 0 only if nothing that must always hold was broken, or,
/// with a mutant, if something was, because a mutant that is not caught shows a missing check. <c>--from S --seeds 1 --trace</c> prints all
/// that happened in one life.
/// </summary>
public static class SimulateVerb
{
    private static readonly TimeSpan ProgressInterval = TimeSpan.FromSeconds(5);

    public static Task<int> RunAsync(Options options)
    {
        var seeds = options.Number("seeds", 10_000, min: 1);
        var from = (ulong)options.Number("from", 1);
        var mutant = options.Text("mutant");
        var tells = options.Switch("trace");
        options.RequireNoOthers();
        if (mutant is not null && !MutantNames.All.Contains(mutant))
            throw new OptionException($"--mutant is one of {string.Join(", ", MutantNames.All)}, not '{mutant}'");

        var watch = Stopwatch.StartNew();
        var lives = Lives(from, seeds, mutant, tells);
        watch.Stop();

        var broken = lives.Where(life => life.Violation is not null).OrderBy(life => life.Seed).ToList();
        foreach (var life in broken.Take(mutant is null ? 3 : 1))
            Tell(life, mutant);
        Console.WriteLine(
            $"  {lives.Count:n0} seeds, {lives.Sum(life => life.Steps):n0} steps, {lives.Sum(life => life.Commands):n0} "
                + "commands in the journals, "
                + $"{lives.Sum(life => life.Faults):n0} faults, {lives.Sum(life => life.Terms):n0} terms in "
                + $"{watch.Elapsed.TotalSeconds:n1} s"
        );
        Console.WriteLine(
            broken.Count == 0 ? "  everything held" : $"  {broken.Count} seeds broke something, the first is {broken[0].Seed}"
        );
        Console.WriteLine();
        Console.WriteLine(
            JsonSerializer.Serialize(
                new
                {
                    mutant,
                    seeds = lives.Count,
                    violations = broken.Count,
                    first_failing_seed = broken.FirstOrDefault()?.Seed,
                    seconds = Math.Round(watch.Elapsed.TotalSeconds, 1),
                    steps = lives.Sum(life => life.Steps),
                    steps_per_seed = lives.Sum(life => life.Steps) / lives.Count,
                    commands_per_seed = lives.Sum(life => life.Commands) / lives.Count,
                    faults_per_seed = Math.Round(lives.Average(life => life.Faults), 1),
                    terms_per_seed = Math.Round(lives.Average(life => life.Terms), 1),
                }
            )
        );
        return Task.FromResult((broken.Count == 0) == (mutant is null) ? 0 : 1);
    }

    /// <summary>
    /// With a mutant, stops at the first seed that catches it, because one suffices to show that the checks find the defect.
    /// </summary>
    private static List<Outcome> Lives(ulong from, long seeds, string? mutant, bool tells)
    {
        var lives = new ConcurrentBag<Outcome>();
        var caught = 0;
        var next = -1L;
        var clock = Stopwatch.StartNew();
        var told = TimeSpan.Zero;
        void Work()
        {
            while (Interlocked.Increment(ref next) is var index && index < seeds && Volatile.Read(ref caught) == 0)
            {
                var life = Foresight.Simulation.Simulation.Run(from + (ulong)index, mutant, tells ? Console.WriteLine : null);
                lives.Add(life);
                if (mutant is not null && life.Violation is not null)
                    Volatile.Write(ref caught, 1);
            }
        }

        var threads = Enumerable.Range(0, tells ? 1 : Environment.ProcessorCount).Select(_ => new Thread(Work)).ToList();
        foreach (var thread in threads)
            thread.Start();
        while (threads.Exists(thread => !thread.Join(TimeSpan.FromMilliseconds(100))))
        {
            if (clock.Elapsed - told < ProgressInterval)
                continue;
            told = clock.Elapsed;
            Console.Error.WriteLine($"  {lives.Count:n0} of {seeds:n0}, {lives.Count(life => life.Violation is not null)} broken");
        }

        return [.. lives];
    }

    private static void Tell(Outcome life, string? mutant)
    {
        Console.WriteLine($"  seed {life.Seed}, the last of {life.Steps:n0} steps:");
        foreach (var line in life.LastLines)
            Console.WriteLine("    " + line);
        var again = mutant is null ? "" : $" --mutant {mutant}";
        Console.WriteLine($"  again: simulate --from {life.Seed} --seeds 1{again} --trace");
        Console.WriteLine();
    }
}
