namespace Foresight.Simulation.Mutants;

public static class MutantNames
{
    private static readonly Dictionary<string, Func<Mutant>> Known = new()
    {
        ["no-fence"] = () => new NoFence(),
        ["no-token"] = () => new NoToken(),
        ["fence-after-write"] = () => new FenceAfterWrite(),
        ["fence-apart"] = () => new FenceApart(),
        ["publish-before-commit"] = () => new PublishBeforeCommit(),
        ["answer-before-commit"] = () => new AnswerBeforeCommit(),
        ["wall-clock-lease"] = () => new WallClockLease(),
        ["leadership-as-flag"] = () => new LeadershipAsFlag(),
        ["guess-committed"] = () => new GuessCommitted(),
        ["guess-not-committed"] = () => new GuessNotCommitted(),
        ["forget-requests"] = () => new ForgetRequests(),
        ["resume-stale-engine"] = () => new ResumeStaleEngine(),
        ["no-position"] = () => new NoPosition(),
        ["take-over-in-steps"] = () => new TakeOverInSteps(),
        ["wait-for-snapshot"] = () => new WaitForSnapshot(),
        ["keep-own-lease"] = () => new KeepOwnLease(),
        ["no-session-kill"] = () => new NoSessionKill(),
    };

    public static IReadOnlyCollection<string> All => Known.Keys;

    internal static Mutant Make(string? name) =>
        name is null ? new Mutant()
        : Known.TryGetValue(name, out var make) ? make()
        : throw new ArgumentException($"There is no mutant {name}.");
}
