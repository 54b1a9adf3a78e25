using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Chain;
using Foresight.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Foresight.Api.Withdrawals;

/// <param name="State">One of <see cref="WithdrawalStates"/>; null: those that are open.</param>
public readonly record struct WithdrawalParameters(
    [FromQuery(Name = "account")] string? Account = null,
    [FromQuery(Name = "state")] string? State = null,
    [FromQuery(Name = "limit")] int? Limit = null,
    [FromQuery(Name = "cursor")] string? Cursor = null,
    [FromQuery(Name = "sort")] string? Sort = null,
    [FromQuery(Name = "offset")] int? Offset = null
) : ICheckedParameters
{
    internal WithdrawalFilter Filter => new(AddressParameters.Read(Account), State);

    internal WithdrawalPage Page =>
        new(
            ListOrder.ByOffset(Sort, Filter.OwnOrder, Offset),
            Limit ?? ApiLimits.PageSize,
            Offset ?? 0,
            Cursor is null ? null : WithdrawalKey.Parse(Cursor)
        );

    Problem? ICheckedParameters.Problem =>
        AddressParameters.Check(Account, "account")
        ?? FilterChecks.Word(State, "state", WithdrawalStates.All)
        ?? ListOrder.Check(Sort, WithdrawalSorts.Names)
        ?? PageParameters.CheckSize(Limit)
        ?? ListOrder.CheckPlace(Sort, Filter.OwnOrder, Cursor, Cursor is not null && WithdrawalKey.Parse(Cursor) is not null, Offset);
}

/// <summary>Of one account, open ones, those that end soonest first.</summary>
public readonly record struct OpenWithdrawalParameters(
    [FromQuery(Name = "limit")] int? Limit = null,
    [FromQuery(Name = "cursor")] string? Cursor = null
) : ICheckedParameters
{
    internal WithdrawalPage Page => new(null, Limit ?? ApiLimits.PageSize, 0, Cursor is null ? null : WithdrawalKey.Parse(Cursor));

    Problem? ICheckedParameters.Problem =>
        PageParameters.CheckSize(Limit) ?? (Cursor is not null && WithdrawalKey.Parse(Cursor) is null ? PageParameters.BadCursor : null);
}

/// <param name="Account">Null: of all.</param>
/// <param name="State">Null: open ones.</param>
public sealed record WithdrawalFilter(Address? Account, string? State)
{
    public bool IsOpen => State is null || WithdrawalStates.Open.Contains(State);

    /// <summary>What is open is to be paid soon; what has ended is looked for by the newest.</summary>
    public string OwnOrder => IsOpen ? WithdrawalSorts.Soonest : WithdrawalSorts.Latest;
}

/// <param name="Order">Null: the list's own, by cursor.</param>
/// <param name="After">Key of the last row on the previous page, in the list's own order.</param>
internal sealed record WithdrawalPage(ListOrder? Order, int Size, int Offset, WithdrawalKey? After);

/// <param name="DeadlineSeconds">Unix seconds.</param>
/// <param name="Kind">0 a request, 1 a co-signature.</param>
/// <param name="First">Block, or shard.</param>
/// <param name="Second">Log of the block, or sequence.</param>
internal readonly record struct WithdrawalKey(long DeadlineSeconds, int Kind, long First, long Second)
{
    /// <summary>End of the year 9999: later times have no form here.</summary>
    private const long MostSeconds = 253_402_300_799;

    public override string ToString() => PageParameters.CursorOf(DeadlineSeconds, Kind, First, Second);

    public static WithdrawalKey? Parse(string text) =>
        PageParameters.KeysOf(text, 4) is [<= MostSeconds and var seconds, <= 1 and var kind, var first, var second]
            ? new(seconds, (int)kind, first, second)
            : null;
}
