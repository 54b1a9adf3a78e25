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
