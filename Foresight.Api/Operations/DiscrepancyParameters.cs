using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Foresight.Api.Operations;

/// <param name="Present">True: only discrepancies that the latest runs still find.</param>
/// <param name="Text">Part of the key or the summary, in upper or lower case.</param>
/// <param name="From">First seen then or later.</param>
/// <param name="To">First seen before then.</param>
public readonly record struct DiscrepancyParameters(
    [FromQuery(Name = "state")] string? State = null,
    [FromQuery(Name = "kind")] string? Kind = null,
    [FromQuery(Name = "severity")] string? Severity = null,
    [FromQuery(Name = "assignee")] string? Assignee = null,
    [FromQuery(Name = "age")] string? Age = null,
    [FromQuery(Name = "market")] int? Market = null,
    [FromQuery(Name = "present")] bool? Present = null,
    [FromQuery(Name = "text")] string? Text = null,
    [FromQuery(Name = "from")] DateTimeOffset? From = null,
    [FromQuery(Name = "to")] DateTimeOffset? To = null
) : ICheckedParameters
{
    Problem? ICheckedParameters.Problem =>
        From >= To ? Problem.Malformed("from must be before to.")
        : State is not null and not DiscrepancyFilterValues.Undecided && !DiscrepancyStates.All.Contains(State)
            ? Problem.Malformed($"state must be {DiscrepancyFilterValues.Undecided}, {string.Join(", ", DiscrepancyStates.All)}.")
        : Age is not null && !DiscrepancyAges.All.Contains(Age)
            ? Problem.Malformed($"age must be one of {string.Join(", ", DiscrepancyAges.All)}; a + in an address is written %2B.")
        : FilterChecks.Word(Kind, "kind", DiscrepancyKinds.All)
            ?? FilterChecks.Word(Severity, "severity", Severities.All)
            ?? FilterChecks.Text(Assignee, "assignee")
            ?? FilterChecks.Text(Text, "text");

    internal DiscrepancyFilter Filter =>
        new(
            State == DiscrepancyFilterValues.Undecided ? null : State,
            State == DiscrepancyFilterValues.Undecided,
            Kind,
            Severity,
            Assignee,
            Age,
            Market,
            Present ?? false,
            string.IsNullOrWhiteSpace(Text) ? null : Text.Trim(),
            From,
            To
        );
}

/// <summary>
/// In the list's own order pages follow each other by cursor, which is stable while rows are added. In any other order, and for people
/// who go to a page by its number, they are found by offset.
/// </summary>
public readonly record struct DiscrepancyPageParameters(
    [FromQuery(Name = "limit")] int? Limit = null,
    [FromQuery(Name = "cursor")] string? Cursor = null,
    [FromQuery(Name = "sort")] string? Sort = null,
    [FromQuery(Name = "offset")] int? Offset = null
) : ICheckedParameters
{
    /// <summary>As many rows as an export has, so that whatever it has can be paged to.</summary>
    public const int MaxOffset = ReconciliationReader.MaxExport;

    internal DiscrepancyPage Page =>
        new(DiscrepancyOrder.Of(Sort), Limit ?? ApiLimits.PageSize, Offset ?? 0, Cursor is null ? null : PageParameters.KeyOf(Cursor));

    Problem? ICheckedParameters.Problem =>
        DiscrepancyOrder.Check(Sort) is { } badSort ? badSort
        : PageParameters.CheckSize(Limit) is { } badSize ? badSize
        : Offset is < 0 or > MaxOffset ? Problem.Malformed($"offset must be from 0 to {MaxOffset}.")
        : Cursor is not null && (PageParameters.KeyOf(Cursor) is null || !Page.Order.IsNewestFirst || Offset is not null)
            ? Problem.Malformed($"cursor must be the next of a page before, with sort {DiscrepancySorts.Newest} and without offset.")
        : null;
}

/// <param name="Sort">As of the list; without it the newest come first.</param>
public readonly record struct ExportParameters(
    [FromQuery(Name = "format")] string Format = "csv",
    [FromQuery(Name = "sort")] string? Sort = null
) : ICheckedParameters
{
    internal DiscrepancyOrder Order => DiscrepancyOrder.Of(Sort);

    internal string ContentType => DiscrepancyExport.ContentTypeOf(Format)!;

    Problem? ICheckedParameters.Problem =>
        DiscrepancyExport.ContentTypeOf(Format) is null ? Problem.Malformed("format must be csv or json.") : DiscrepancyOrder.Check(Sort);

    internal byte[] Write(IEnumerable<DiscrepancyView> rows) =>
        Format == "json" ? DiscrepancyExport.Json(rows) : DiscrepancyExport.Csv(rows);
}

/// <summary>A range is identified by its run and its first block, so the cursor contains both.</summary>
public readonly record struct CoveragePageParameters(
    [FromQuery(Name = "limit")] int? Limit = null,
    [FromQuery(Name = "cursor")] string? Cursor = null
) : ICheckedParameters
{
    internal int Size => Limit ?? ApiLimits.PageSize;

    internal (long RunId, long FromBlock) Before =>
        Cursor is null
            ? (long.MaxValue, long.MaxValue)
            : PageParameters.KeysOf(Cursor) ?? throw new InvalidOperationException("The cursor was not checked.");

    Problem? ICheckedParameters.Problem =>
        Cursor is not null && !Cursor.Contains('-')
            ? PageParameters.BadCursor
            : PageParameters.CheckSize(Limit)
                ?? (Cursor is not null && PageParameters.KeysOf(Cursor) is null ? PageParameters.BadCursor : null);
}
