using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Chain;
using Microsoft.AspNetCore.Mvc;

namespace Foresight.Api.Orders;

public readonly record struct OrderRoute([FromRoute(Name = "hash")] string Hash) : ICheckedParameters
{
    internal Hash32 Id => Hash32.TryParse(Hash, out var id) ? id : throw new InvalidOperationException("The id was not checked.");

    Problem? ICheckedParameters.Problem =>
        Hash32.TryParse(Hash, out _) ? null : Problem.Malformed("An order's id is 0x and 64 hexadecimal digits.");
}

public readonly record struct OrderListParameters(
    [FromQuery(Name = "maker")] string? Maker = null,
    [FromQuery(Name = "market")] int? Market = null,
    [FromQuery(Name = "status")] string? Status = null
) : ICheckedParameters
{
    internal OrderFilter Filter => new(AddressParameters.Read(Maker), Market, Status is null ? null : Names.OrderStatusOf(Status));

    Problem? ICheckedParameters.Problem =>
        AddressParameters.Check(Maker, "maker")
        ?? (
            Status is null || Names.OrderStatusOf(Status) is not null
                ? null
                : Problem.Malformed("status must be open, partially_filled, filled, cancelled, expired or rejected.")
        );
}
