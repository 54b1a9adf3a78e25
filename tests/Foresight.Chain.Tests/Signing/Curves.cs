using Foresight.Chain.Signing;
using Xunit;

namespace Foresight.Chain.Tests.Signing;

/// <summary>Every test of signatures runs over both backends; libsecp256k1 only where the machine has it.</summary>
internal static class Curves
{
    private static readonly Dictionary<string, ISecp256k1> ByName = Load();

    public static TheoryData<string> Names => new(ByName.Keys);

    public static IEnumerable<ISecp256k1> All => ByName.Values;

    public static ISecp256k1 Of(string name) => ByName[name];

    private static Dictionary<string, ISecp256k1> Load()
    {
        ISecp256k1?[] curves = [new ManagedSecp256k1(), NativeSecp256k1.TryLoad()];
        return curves.OfType<ISecp256k1>().ToDictionary(c => c.Name);
    }
}
