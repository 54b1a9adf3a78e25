using Foresight.Api.Orders;
using Foresight.Api.Problems;
using Foresight.Chain;
using Microsoft.AspNetCore.Mvc;

namespace Foresight.Api.Reading;

/// <summary>Addresses in paths and queries.</summary>
public static class AddressParameters
{
    /// <summary>Null if it is absent or an address.</summary>
    public static Problem? Check(string? text, string name) =>
        text is null || Address.TryParse(text, out _) ? null : OrderRules.NotAnAddress(name);

    /// <summary>Of a text that was checked.</summary>
    public static Address? Read(string? text) =>
        text is null ? null
        : Address.TryParse(text, out var address) ? address
        : throw new InvalidOperationException("The address was not checked.");
}

/// <summary>The account of <c>/accounts/{address}</c>.</summary>
public readonly record struct AccountRoute([FromRoute(Name = "address")] string Address) : ICheckedParameters
{
    internal Address Account => AddressParameters.Read(Address)!.Value;

    Problem? ICheckedParameters.Problem => AddressParameters.Check(Address, "The account");
}

/// <summary>The account of <c>/admin/offenders/{address}</c>.</summary>
public readonly record struct OffenderRoute([FromRoute(Name = "address")] string Address) : ICheckedParameters
{
    internal Address Account => AddressParameters.Read(Address)!.Value;

    Problem? ICheckedParameters.Problem => AddressParameters.Check(Address, "address");
}
