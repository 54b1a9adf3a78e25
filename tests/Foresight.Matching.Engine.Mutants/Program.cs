using System.Collections.Concurrent;
using Foresight.Matching.Engine.Mutants;

// The tests must notice each defect that is put into the engine (mutants.txt; names after `--` choose some), or they do not test what it
// breaks. Works on copies in a temporary folder, so the repository is never broken.
var root = Laboratory.FindRoot();
var mutants = Mutant.ReadAll(Path.Combine(root, "tests", "Foresight.Matching.Engine.Mutants", "mutants.txt"));
var chosen = args.Length == 0 ? mutants : [.. mutants.Where(mutant => args.Contains(mutant.Name))];
if (chosen.Count == 0)
{
    Console.Error.WriteLine($"no such mutant; there are: {string.Join(", ", mutants.Select(mutant => mutant.Name))}");
    return 2;
}

var benches = Math.Clamp(Environment.ProcessorCount, 1, 8);
using var laboratory = new Laboratory(root);
if (!await laboratory.PrepareAsync(benches))
    return 2;

var waiting = new ConcurrentQueue<Mutant>(chosen);
var survivors = new ConcurrentBag<string>();
var unclear = new ConcurrentQueue<Mutant>();
var number = 0;
await Task.WhenAll(
    Enumerable
        .Range(0, benches)
        .Select(async bench =>
        {
            while (waiting.TryDequeue(out var mutant))
            {
                var verdict = await laboratory.TryAsync(mutant, bench);
                if (verdict.Fate == Fate.Unclear)
                    unclear.Enqueue(mutant);
                Tell(mutant, verdict);
            }
        })
);

foreach (var mutant in unclear)
{
    Console.WriteLine($"once more, alone: {mutant.Name}");
    var verdict = await laboratory.TryAloneAsync(mutant);
    Tell(mutant, verdict);
    if (verdict.Fate == Fate.Unclear)
        survivors.Add(mutant.Name);
}

Console.WriteLine(
    $"{chosen.Count - survivors.Count} of {chosen.Count} mutants killed"
        + (survivors.IsEmpty ? "" : $"; survived: {string.Join(", ", survivors)}")
);
return survivors.IsEmpty ? 0 : 1;

void Tell(Mutant mutant, Verdict verdict)
{
    if (verdict.Fate != Fate.Unclear)
        Interlocked.Increment(ref number);
    if (verdict.Fate == Fate.Survived)
        survivors.Add(mutant.Name);
    var fate = verdict.Fate switch
    {
        Fate.Killed => "killed  ",
        Fate.Survived => "SURVIVED",
        _ => "unclear ",
    };
    Console.WriteLine($"{number, 3}/{chosen.Count} {fate} {mutant.Name, -46} {verdict.By}");
}
