using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace SyscallExplorer.Notebooks;

/// <summary>A variable that the parameters cell declares.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">Its type as far as the text tells it, else <c>var</c>.</param>
/// <param name="IsConstant">Whether it is a constant.</param>
/// <param name="Container">Where its default value comes from, when that is a member: <c>Cpus</c> in <c>Cpus.Skylake</c>.</param>
internal sealed record DeclaredParameter(string Name, string Type, bool IsConstant, string? Container)
{
    internal static DeclaredParameter[] ReadAll(string source)
    {
        string code = string.Join('\n', CellParser.Parse(source).Steps.OfType<CodeStep>().Select(s => s.Code));
        CompilationUnitSyntax root = CSharpSyntaxTree.ParseText(code, ScriptCompiler.ParseOptions).GetCompilationUnitRoot();
        return [.. root.Members.SelectMany(Read)];
    }

    /// <returns>The value as C#, or null when it is not of the parameter's type.</returns>
    internal string? Literal(string value)
    {
        if (Type == "var")
            return IsMember(value) ? $"{Container}.{value}" : ParameterLiteral.Infer(value);
        if (ParameterLiteral.Of(Type, value) is { } literal)
            return literal;
        bool isKnown = ParameterLiteral.Of(Type, "1") is not null || Type == "bool";
        return isKnown ? null : IsMember(value) ? $"{Container}.{value}" : ParameterLiteral.Infer(value);
    }

    private bool IsMember(string value) => Container is not null && SyntaxFacts.IsValidIdentifier(value);

    private static IEnumerable<DeclaredParameter> Read(MemberDeclarationSyntax member)
    {
        (VariableDeclarationSyntax? declaration, bool isConstant) = member switch
        {
            FieldDeclarationSyntax f => (f.Declaration, f.Modifiers.Any(m => m.IsKind(SyntaxKind.ConstKeyword))),
            GlobalStatementSyntax { Statement: LocalDeclarationStatementSyntax l } => (l.Declaration, l.IsConst),
            _ => (null, false),
        };
        foreach (VariableDeclaratorSyntax variable in declaration?.Variables ?? [])
        {
            ExpressionSyntax? value = variable.Initializer?.Value;
            string type = declaration!.Type.IsVar ? TypeOf(value) : declaration.Type.ToString().TrimEnd('?');
            yield return new DeclaredParameter(variable.Identifier.ValueText, type, isConstant,
                value is MemberAccessExpressionSyntax access ? access.Expression.ToString() : null);
        }
    }

    private static string TypeOf(ExpressionSyntax? value) => value switch
    {
        PrefixUnaryExpressionSyntax { RawKind: (int)SyntaxKind.UnaryMinusExpression } minus => TypeOf(minus.Operand),
        InterpolatedStringExpressionSyntax => "string",
        LiteralExpressionSyntax literal => literal.Token.Value switch
        {
            string => "string",
            bool => "bool",
            char => "char",
            int => "int",
            uint => "uint",
            long => "long",
            ulong => "ulong",
            double => "double",
            float => "float",
            decimal => "decimal",
            _ => "var",
        },
        _ => "var",
    };
}
