using System.Globalization;
using Microsoft.CodeAnalysis.CSharp;

namespace SyscallExplorer.Notebooks;

/// <summary>Writes a value from the command line as a C# literal.</summary>
internal static class ParameterLiteral
{
    /// <summary>The literal of the narrowest type among bool, int, long, double and string that holds the value.</summary>
    internal static string Infer(string value) =>
        Of("bool", value) ?? Of("int", value) ?? Of("long", value) ?? Of("double", value) ?? Of("string", value)!;

    /// <returns>The literal, or null when the value is not of the type.</returns>
    internal static string? Of(string type, string value) => type switch
    {
        "string" => SymbolDisplay.FormatLiteral(value, quote: true),
        "bool" => bool.TryParse(value, out bool b) ? (b ? "true" : "false") : null,
        "char" => value.Length == 1 ? SymbolDisplay.FormatLiteral(value[0], quote: true) : null,
        "int" or "short" or "sbyte" => Integer(value, out long i) && i is >= int.MinValue and <= int.MaxValue ? Text(i) : null,
        "long" => Integer(value, out long l) ? Text(l) + "L" : null,
        "uint" or "ushort" or "byte" => Integer(value, out long u) && u is >= 0 and <= uint.MaxValue ? Text(u) + (type == "uint" ? "u" : "") : null,
        "ulong" => ulong.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out ulong n) ? n.ToString(CultureInfo.InvariantCulture) + "ul" : null,
        "double" => Number(value, out double d) ? d.ToString("R", CultureInfo.InvariantCulture) + "d" : null,
        "float" => Number(value, out double f) ? ((float)f).ToString("R", CultureInfo.InvariantCulture) + "f" : null,
        "decimal" => decimal.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out decimal m) ? m.ToString(CultureInfo.InvariantCulture) + "m" : null,
        _ => null,
    };

    private static bool Integer(string value, out long number) => long.TryParse(value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    private static bool Number(string value, out double number) =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out number) && double.IsFinite(number);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
