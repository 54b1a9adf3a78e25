using System.Numerics;
using Foresight.Chain.Abi;
using Nethereum.ABI.Model;

namespace Foresight.Chain.Rpc;

public static class RevertReason
{
    private static readonly AbiError Error = Builtin("Error", "string", "reason");
    private static readonly AbiError Panic = Builtin("Panic", "uint256", "code");

    public static string Text(ReadOnlySpan<byte> revertData)
    {
        if (revertData.IsEmpty)
            return "reverted without a reason, or ran out of gas";
        try
        {
            if (Error.Matches(revertData))
                return Error.Decode(revertData).Text("reason");
            if (Panic.Matches(revertData))
                return OfPanic(Panic.Decode(revertData).Integer("code"));
        }
        catch (FormatException)
        {
            // Data that only resembles a built-in error is shown as bytes.
        }

        return Hex.Encode(revertData.Length <= 68 ? revertData : revertData[..68]);
    }

    private static AbiError Builtin(string name, string type, string parameter) =>
        new(new ErrorABI(name) { InputParameters = [new Parameter(type, parameter)] });

    // docs.soliditylang.org, "Panic via assert and Error via require".
    private static string OfPanic(BigInteger code) =>
        (int)BigInteger.Min(code, int.MaxValue) switch
        {
            0x01 => "panic: an assertion failed",
            0x11 => "panic: an arithmetic operation overflowed",
            0x12 => "panic: division by zero",
            0x21 => "panic: not a value of the enum",
            0x31 => "panic: pop of an empty array",
            0x32 => "panic: index out of bounds",
            0x41 => "panic: too much memory",
            _ => $"panic {code}",
        };
}
