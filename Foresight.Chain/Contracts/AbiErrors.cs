using Foresight.Chain.Abi;

namespace Foresight.Chain.Contracts;

internal static class AbiErrors
{
    /// <summary>Null for data of none of the known errors, and for data that has the selector of one but not its arguments.</summary>
    public static T? Explain<T>((AbiError Error, Func<AbiValues, T> Explain)[] known, ReadOnlySpan<byte> revertData)
        where T : class
    {
        foreach (var (error, explain) in known)
        {
            if (!error.Matches(revertData))
                continue;
            try
            {
                return explain(error.Decode(revertData));
            }
            catch (FormatException)
            {
                // A hostile token, or another contract at the address, can revert with any data, which the caller shows as bytes.
                break;
            }
        }

        return null;
    }
}
