using Foresight.Api.Orders;
using Foresight.Api.Problems;
using Foresight.Chain;
using Microsoft.AspNetCore.Mvc;

namespace Foresight.Api.Reading;

public static class AddressParameters
{
    public static Problem? Check(string? text, string name) =>
        text is null || Address.TryParse(text, out _) ? null : OrderRules.NotAnAddress(name);

    /// <summary>Requires a text that passed <see cref="Check"/>.</summary>
    public static Address? Read(string? text) =>
        text is null ? null
        : Address.TryParse(text, out var address) ? address
        : throw new InvalidOperationException("The address was not checked.");
}

public readonly record struct AccountRoute([FromRoute(Name = "address")] string Address) : ICheckedParameters
{
    internal Address Account => AddressParameters.Read(Address)!.Value;

    Problem? ICheckedParameters.Problem => AddressParameters.Check(Address, "The account");
}

public readonly record struct OffenderRoute([FromRoute(Name = "address")] string Address) : ICheckedParameters
{
    internal Address Account => AddressParameters.Read(Address)!.Value;

    Problem? ICheckedParameters.Problem => AddressParameters.Check(Address, "address");
}
