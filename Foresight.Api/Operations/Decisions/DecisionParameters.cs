using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Foresight.Api.Operations.Decisions;

/// <param name="Hours">How far back: 1 to 744 (31 days), by default 24.</param>
/// <param name="Subject">One of <see cref="DecisionSubjects.All"/>; null: any.</param>
/// <param name="Actor">Who decided, exactly as the decision has it; null: any.</param>
public readonly record struct DecisionParameters(
    [FromQuery(Name = "hours")] int? Hours = null,
    [FromQuery(Name = "subject")] string? Subject = null,
    [FromQuery(Name = "actor")] string? Actor = null
) : ICheckedParameters
{
    private const int Most = 31 * 24;

    internal DecisionFilter Filter => new(TimeSpan.FromHours(Hours ?? 24), Subject, Actor);

    Problem? ICheckedParameters.Problem =>
        Hours is < 1 or > Most
            ? Problem.Malformed($"hours must be 1 to {Most}.")
            : FilterChecks.Word(Subject, "subject", DecisionSubjects.All) ?? FilterChecks.Text(Actor, "actor");
}
