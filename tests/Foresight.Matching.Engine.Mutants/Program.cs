using System.Collections.Concurrent;
using Foresight.Matching.Engine.Mutants;

// The tests must notice each defect that is put into the engine (mutants.txt), or with `relayer` as the first argument into settlement and
// the follower (relayer.txt), or they do not test what it breaks; names after it choose some. Works on copies in a temporary folder, so the
// repository is never broken. The contracts have a runner of their own, contracts/mutants.mjs.
var root = Laboratory.FindRoot();
var named = Subject.All.FirstOrDefault(one => args.Length > 0 && one.Name == args[0]);
var subject = named ?? Subject.All[0];
if (named is not null)
    args = args[1..];
var mutants = Mutant.ReadAll(Path.Combine(root, "tests", "Foresight.Matching.Engine.Mutants", subject.List));
var chosen = args.Length == 0 ? mutants : [.. mutants.Where(mutant => args.Contains(mutant.Name))];
if (chosen.Count == 0)
{
    Console.Error.WriteLine($"no such mutant; there are: {string.Join(", ", mutants.Select(mutant => mutant.Name))}");
    return 2;
}

var benches = Math.Min(subject.Benches, chosen.Count);
using var laboratory = new Laboratory(root, subject);
if (!await laboratory.PrepareAsync(benches, [.. chosen.SelectMany(mutant => mutant.Tests).Distinct()]))
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
