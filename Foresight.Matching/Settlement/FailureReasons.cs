using Foresight.Chain.Contracts;

namespace Foresight.Matching.Settlement;

/// <summary>What a failed match means for its trade.</summary>
public static class FailureReasons
{
    /// <summary>The receipt tells neither that it settled nor that it failed.</summary>
    public const string Unreported = "unreported";

    /// <summary>As it is stored and published: the code, then the account or order that it is about.</summary>
    public static string Stored(this SettlementFailure failure)
        => failure.Account is { } account ? $"{failure.Code}:{account.ToLowerHex()}" : failure.OrderHash is { } hash ? $"{failure.Code}:{hash}" : failure.Code;

    /// <summary>Nothing is wrong with the trade: the market is stopped for a while, and the trade waits.</summary>
    public static bool IsTemporary(this SettlementFailure failure) => failure.Code == SettlementFailure.MarketPaused;

    /// <summary>The chain has this trade already: it is settled, not failed.</summary>
    public static bool IsSettledAlready(this SettlementFailure failure) => failure.Code == SettlementFailure.DuplicateTrade;
}
