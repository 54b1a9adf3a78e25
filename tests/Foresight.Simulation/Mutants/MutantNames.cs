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
        ["forget-cancelled-salts"] = () => new ForgetCancelledSalts(),
        ["resume-stale-engine"] = () => new ResumeStaleEngine(),
        ["no-position"] = () => new NoPosition(),
        ["take-over-in-steps"] = () => new TakeOverInSteps(),
        ["wait-for-snapshot"] = () => new WaitForSnapshot(),
        ["keep-own-lease"] = () => new KeepOwnLease(),
        ["no-session-kill"] = () => new NoSessionKill(),
        ["believe-unsigned-lease"] = () => new BelieveUnsignedLease(),
        ["believe-old-lease"] = () => new BelieveOldLease(),
        ["lease-not-restored"] = () => new LeaseNotRestored(),
        ["believe-unsealed-message"] = () => new BelieveUnsealedMessage(),
        ["believe-replayed-message"] = () => new BelieveReplayedMessage(),
        ["believe-unnamed-lease"] = () => new BelieveUnnamedLease(),
        ["no-journal-gate"] = () => new NoJournalGate(),
        ["compare-no-book"] = () => new CompareNoBook(),
        ["believe-any-claim"] = () => new BelieveAnyClaim(),
        ["check-no-signature"] = () => new CheckNoSignature(),
        ["check-one-in-64"] = () => new CheckOneIn64(),
        ["take-any-id"] = () => new TakeAnyId(),
        ["keep-lying-node"] = () => new KeepLyingNode(),
        ["take-any-expiry"] = () => new TakeAnyExpiry(),
        ["match-to-the-expiry"] = () => new MatchToTheExpiry(),
        ["forget-order-terms"] = () => new ForgetOrderTerms(),
        ["believe-any-clock"] = () => new BelieveAnyClock(),
        ["leaving-is-free"] = () => new LeavingIsFree(),
        ["free-at-the-head"] = () => new FreeAtTheHead(),
        ["terms-without-end"] = () => new TermsWithoutEnd(),
        ["terms-of-the-head"] = () => new TermsOfTheHead(),
        ["terms-before-facts"] = () => new TermsBeforeFacts(),
        ["observe-no-zero-again"] = () => new ObserveNoZeroAgain(),
        ["forget-firm-terms"] = () => new ForgetFirmTerms(),
        ["forget-grants"] = () => new ForgetGrants(),
        ["co-sign-before-commit"] = () => new CoSignBeforeCommit(),
        ["withdrawal-ends-when-mined"] = () => new WithdrawalEndsWhenMined(),
        ["bust-firm-trades"] = () => new BustFirmTrades(),
    };

    public static IReadOnlyCollection<string> All => Known.Keys;

    internal static Mutant Make(string? name) =>
        name is null ? new Mutant()
        : Known.TryGetValue(name, out var make) ? make()
        : throw new ArgumentException($"There is no mutant {name}.");
}
