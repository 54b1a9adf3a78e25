using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Foresight.Api.Operations.Details;

/// <param name="State">One of <see cref="BatchStates"/>; null: any.</param>
public readonly record struct BatchParameters([FromQuery(Name = "state")] string? State = null) : ICheckedParameters
{
    Problem? ICheckedParameters.Problem => FilterChecks.Word(State, "state", BatchStates.All);
}

/// <param name="Sort">One of <see cref="BatchSorts.Names"/>, descending with a minus before it; null: the newest first.</param>
public readonly record struct BatchPageParameters(
    [FromQuery(Name = "limit")] int? Limit = null,
    [FromQuery(Name = "cursor")] string? Cursor = null,
    [FromQuery(Name = "sort")] string? Sort = null,
    [FromQuery(Name = "offset")] int? Offset = null
) : ICheckedParameters
{
    internal BatchPage Page =>
        new(
            ListOrder.ByOffset(Sort, BatchSorts.Newest, Offset),
            Limit ?? ApiLimits.PageSize,
            Offset ?? 0,
            Cursor is null ? null : PageParameters.KeyOf(Cursor)
        );

    Problem? ICheckedParameters.Problem =>
        ListOrder.Check(Sort, BatchSorts.Names)
        ?? PageParameters.CheckSize(Limit)
        ?? ListOrder.CheckPlace(Sort, BatchSorts.Newest, Cursor, Cursor is not null && PageParameters.KeyOf(Cursor) is not null, Offset);
}

/// <param name="Order">Null: the newest first, by cursor.</param>
/// <param name="Before">Id of the last row on the previous page, in the list's own order.</param>
internal sealed record BatchPage(ListOrder? Order, int Size, int Offset, long? Before);
