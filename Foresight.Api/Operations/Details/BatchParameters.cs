using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Protocol;
using Microsoft.AspNetCore.Mvc;

namespace Foresight.Api.Operations.Details;

/// <param name="State">One of <see cref="BatchStates"/>; null: any.</param>
public readonly record struct BatchParameters([FromQuery(Name = "state")] string? State = null) : ICheckedParameters
{
    Problem? ICheckedParameters.Problem =>
        State is null || BatchStates.All.Contains(State)
            ? null
            : Problem.Malformed($"state must be one of {string.Join(", ", BatchStates.All)}.");
}
