using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Foresight.Api.Operations;

/// <param name="State">A state, or <see cref="DiscrepancyFilterValues.Undecided"/>.</param>
/// <param name="Assignee">A name, or <see cref="DiscrepancyFilterValues.Unassigned"/>.</param>
/// <param name="Age">One of <see cref="DiscrepancyAges"/>, counted from the first sighting.</param>
/// <param name="Present">True: only discrepancies that the latest runs still find.</param>
public readonly record struct DiscrepancyParameters(
    string? State = null,
    string? Kind = null,
    string? Severity = null,
    string? Assignee = null,
    string? Age = null,
    int? Market = null,
    bool? Present = null
) : ICheckedParameters
{
    Problem? ICheckedParameters.Problem =>
        State is not null and not DiscrepancyFilterValues.Undecided && !DiscrepancyStates.All.Contains(State)
            ? Problem.Malformed($"state must be {DiscrepancyFilterValues.Undecided}, {string.Join(", ", DiscrepancyStates.All)}.")
        : Age is not null && !DiscrepancyAges.All.Contains(Age)
            ? Problem.Malformed($"age must be one of {string.Join(", ", DiscrepancyAges.All)}; a + in an address is written %2B.")
        : null;

    internal DiscrepancyFilter Filter =>
        new(
            State == DiscrepancyFilterValues.Undecided ? null : State,
            State == DiscrepancyFilterValues.Undecided,
            Kind,
            Severity,
            Assignee,
            Age,
            Market,
            Present ?? false
        );
}

/// <param name="Format">csv or json.</param>
public readonly record struct ExportParameters([FromQuery(Name = "format")] string Format = "csv") : ICheckedParameters
{
    internal string ContentType => DiscrepancyExport.ContentTypeOf(Format)!;

    Problem? ICheckedParameters.Problem =>
        DiscrepancyExport.ContentTypeOf(Format) is null ? Problem.Malformed("format must be csv or json.") : null;

    internal byte[] Write(IEnumerable<DiscrepancyView> rows) =>
        Format == "json" ? DiscrepancyExport.Json(rows) : DiscrepancyExport.Csv(rows);
}

/// <summary>Page of compared ranges. A range is identified by its run and its first block, so the cursor contains both.</summary>
public readonly record struct CoveragePageParameters(
    [FromQuery(Name = "limit")] int? Limit = null,
    [FromQuery(Name = "cursor")] string? Cursor = null
) : ICheckedParameters
{
    internal int Size => Limit ?? ApiLimits.PageSize;

    internal (long RunId, long FromBlock) Before =>
        Cursor is null
            ? (long.MaxValue, long.MaxValue)
            : KeyOf(Cursor) ?? throw new InvalidOperationException("The cursor was not checked.");

    Problem? ICheckedParameters.Problem =>
        Cursor is not null && !Cursor.Contains('-')
            ? PageParameters.BadCursor
            : PageParameters.CheckSize(Limit) ?? (Cursor is not null && KeyOf(Cursor) is null ? PageParameters.BadCursor : null);

    private static (long, long)? KeyOf(string cursor)
    {
        var dash = cursor.IndexOf('-', StringComparison.Ordinal);
        return dash >= 0 && PageParameters.KeyOf(cursor[..dash]) is { } run && PageParameters.KeyOf(cursor[(dash + 1)..]) is { } block
            ? (run, block)
            : null;
    }
}
