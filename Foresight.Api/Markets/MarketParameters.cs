using System.Globalization;
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

/// <param name="State">One of <see cref="MarketStates"/>; null: any.</param>
/// <param name="Text">Part of the question, in upper or lower case, or the whole id or address.</param>
public readonly record struct MarketParameters(
    [FromQuery(Name = "state")] string? State = null,
    [FromQuery(Name = "text")] string? Text = null
) : ICheckedParameters
{
    Problem? ICheckedParameters.Problem => FilterChecks.Word(State, "state", MarketStates.All) ?? FilterChecks.Text(Text, "text");

    internal bool Matches(Market market)
    {
        if (State is not null && Names.OfMarketState(market.State) != State)
            return false;
        return Text?.Trim() is not { Length: > 0 } text
            || market.Question.Contains(text, StringComparison.OrdinalIgnoreCase)
            || string.Equals(text, market.Id.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)
            || string.Equals(text, market.Address.ToString(), StringComparison.OrdinalIgnoreCase);
    }
}

/// <summary>The cursor is the place in the list's order, which takes one key or several.</summary>
public readonly record struct TradePageParameters(
    [FromQuery(Name = "limit")] int? Limit = null,
    [FromQuery(Name = "cursor")] string? Cursor = null,
    [FromQuery(Name = "sort")] string? Sort = null
) : ICheckedParameters
{
    internal TradePage Page => new(Sort ?? TradeSorts.NewestTrade, Limit ?? ApiLimits.PageSize, After);

    private int KeysOfSort =>
        Sort switch
        {
            TradeSorts.NewestTime or TradeSorts.OldestTime => Shards.Maximum,
            null or TradeSorts.NewestTrade or TradeSorts.OldestTrade => 1,
            _ => 2,
        };

    private IReadOnlyList<long>? After => Cursor is not null && PageParameters.KeysOf(Cursor, KeysOfSort) is { } keys ? keys : null;

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
