using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Foresight.Api.Markets;

public readonly record struct DepthParameters(
    [FromQuery(Name = "outcome")] int Outcome = 0,
    [FromQuery(Name = "levels")] int Levels = DepthParameters.DefaultLevels
) : ICheckedParameters
{
    private const int DefaultLevels = 20;
    private const int MaxLevels = 1_000;

    Problem? ICheckedParameters.Problem =>
        Levels is < 1 or > MaxLevels ? Problem.Malformed($"levels must be from 1 to {MaxLevels}.") : null;

    internal Problem? CheckOutcome(Market market) =>
        Outcome < 0 || Outcome >= market.Outcomes.Count
            ? new Problem(ProblemCodes.InvalidOutcome, $"Market {market.Id} has outcomes 0 to {market.Outcomes.Count - 1}.")
            : null;
}

/// <summary>Trades sorted by block are found by block and trade, so the cursor contains both.</summary>
public readonly record struct TradePageParameters(
    [FromQuery(Name = "limit")] int? Limit = null,
    [FromQuery(Name = "cursor")] string? Cursor = null,
    [FromQuery(Name = "sort")] string? Sort = null
) : ICheckedParameters
{
    internal TradePage Page => new(Sort ?? TradeSorts.NewestTrade, Limit ?? ApiLimits.PageSize, After);

    private bool IsByBlock => Sort is TradeSorts.NewestBlock or TradeSorts.OldestBlock;

    private (long Block, long TradeId)? After =>
        Cursor is null ? null
        : !IsByBlock
            ? PageParameters.KeyOf(Cursor) is { } trade ? (0, trade)
                : null
        : PageParameters.KeysOf(Cursor);

    Problem? ICheckedParameters.Problem =>
        FilterChecks.Word(Sort, "sort", TradeSorts.All) is { } badSort ? badSort
        : PageParameters.CheckSize(Limit) is { } badSize ? badSize
        : Cursor is not null && After is null ? PageParameters.BadCursor
        : null;
}

public readonly record struct TradeParameters(
    [FromQuery(Name = "market")] int? Market = null,
    [FromQuery(Name = "account")] string? Account = null,
    [FromQuery(Name = "settlement")] string? Settlement = null,
    [FromQuery(Name = "reason")] string? Reason = null
) : ICheckedParameters
{
    private const int LongestReason = 64;

    internal TradeFilter Filter =>
        new(
            Market,
            AddressParameters.Read(Account),
            IsUnsettled ? null
                : Reason is null ? Settlement
                : TradeStates.Failed,
            IsUnsettled,
            Reason
        );

    Problem? ICheckedParameters.Problem =>
        AddressParameters.Check(Account, "account")
        ?? (
            Settlement is null || IsUnsettled || TradeStates.All.Contains(Settlement)
                ? null
                : Problem.Malformed($"settlement must be {TradeStates.Unsettled}, {string.Join(", ", TradeStates.All)}.")
        )
        ?? CheckReason();

    private bool IsUnsettled => Settlement == TradeStates.Unsettled;

    private Problem? CheckReason() =>
        Reason is null ? null
        : Settlement is not (null or TradeStates.Failed) ? Problem.Malformed($"reason belongs to the settlement {TradeStates.Failed}.")
        : Reason.Length is > 0 and <= LongestReason && Reason.All(c => char.IsAsciiLetterLower(c) || c == '_') ? null
        : Problem.Malformed($"reason must have 1 to {LongestReason} small letters or underscores.");
}
