using System.Reflection;
using System.Runtime.Loader;

namespace Foresight.Matching.Engine.Tests;

public sealed class PurityTests
{
    private const BindingFlags All =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly Assembly Core = AsCompiled(typeof(ExchangeEngine).Assembly);

    /// <summary>
    /// The engine must reach no file, network, thread, task, console or diagnostics, so only basic types, spans and memory are allowed.
    /// </summary>
    private static readonly string[] AllowedReferences =
    [
        "System.Runtime",
        "System.Memory",
        "System.Collections",
        "System.Runtime.InteropServices",
        "System.Runtime.Extensions",
        "System.Runtime.CompilerServices.Unsafe",
    ];

    private static readonly Type[] Inexact = [typeof(float), typeof(double), typeof(decimal), typeof(Half)];

    private static readonly Type[] Impure =
    [
        typeof(DateTime),
        typeof(DateTimeOffset),
        typeof(TimeProvider),
        typeof(System.Random),
        typeof(Guid),
        typeof(Task),
        typeof(ValueTask),
        typeof(Thread),
        typeof(Stream),
        typeof(Timer),
    ];

    [Fact]
    public void Core_ReferencesNothingButTheBasicLibraries() =>
        Assert.Empty(Core.GetReferencedAssemblies().Select(name => name.Name!).Except(AllowedReferences));

    [Fact]
    public void Core_NeverHoldsOrPassesAnInexactOrImpureType()
    {
        List<string> found = [];
        foreach (var type in Core.GetTypes())
        {
            found.AddRange(type.GetFields(All).Where(field => IsForbidden(field.FieldType)).Select(field => $"{type}.{field.Name}"));
            foreach (var method in type.GetMethods(All).Cast<MethodBase>().Concat(type.GetConstructors(All)))
            {
                var types = method
                    .GetParameters()
                    .Select(parameter => parameter.ParameterType)
                    .Concat(method.GetMethodBody()?.LocalVariables.Select(local => local.LocalType) ?? [])
                    .Append((method as MethodInfo)?.ReturnType ?? typeof(void));
                if (types.Any(IsForbidden))
                    found.Add($"{type}.{method.Name}");
            }
        }

        Assert.Empty(found);
    }

    [Fact]
    public void Core_HasNoStateOfItsOwn()
    {
        // A mutable static would let two engines influence each other.
        var statics = Core.GetTypes()
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(field => !field.IsLiteral && !field.IsInitOnly && !field.DeclaringType!.Name.StartsWith('<'));
        Assert.Empty(statics.Select(field => $"{field.DeclaringType}.{field.Name}"));
    }

    [Fact]
    public void Core_IsCheckedForOverflow()
    {
        // The engine relies on the build's checked arithmetic: a product beyond 64 bits must throw.
        Assert.Throws<OverflowException>(() => new Price(Price.MaxTicks) * new Quantity(long.MaxValue));
    }

    /// <summary>Coverage instruments the copy beside the tests, which adds statics; the core's own output is as compiled.</summary>
    private static Assembly AsCompiled(Assembly loaded)
    {
        var folder = AppContext.BaseDirectory.Replace(
            "/tests/Foresight.Matching.Engine.Tests/",
            "/Foresight.Matching.Engine/",
            StringComparison.Ordinal
        );
        var own = Path.Combine(folder, $"{loaded.GetName().Name}.dll");
        return File.Exists(own) ? new AssemblyLoadContext("as compiled").LoadFromAssemblyPath(own) : loaded;
    }

    private static bool IsForbidden(Type type)
    {
        if (type.HasElementType)
            return IsForbidden(type.GetElementType()!);
        return Inexact.Contains(type) || Impure.Contains(type) || (type.IsGenericType && type.GetGenericArguments().Any(IsForbidden));
    }
}
