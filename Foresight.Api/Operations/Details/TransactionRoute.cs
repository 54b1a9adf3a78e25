using Foresight.Api.Problems;
using Foresight.Api.Reading;
using Foresight.Chain;
using Microsoft.AspNetCore.Mvc;

namespace Foresight.Api.Operations.Details;

public readonly record struct TransactionRoute([FromRoute(Name = "hash")] string Hash) : ICheckedParameters
{
    internal Hash32 Id => Hash32.TryParse(Hash, out var id) ? id : throw new InvalidOperationException("The hash was not checked.");

    Problem? ICheckedParameters.Problem =>
        Hash32.TryParse(Hash, out _) ? null : Problem.Malformed("A transaction's hash is 0x and 64 hexadecimal digits.");
}
