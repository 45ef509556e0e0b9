using System.Net;
using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;

namespace SyscallExplorer.Notebooks;

/// <summary>Colours C# by the compiler's own tokens.</summary>
internal static class CSharpHighlighter
{
    internal static string ToHtml(string code)
    {
        var html = new StringBuilder();
        SyntaxNode root = CSharpSyntaxTree.ParseText(code, ScriptCompiler.ParseOptions).GetRoot();
        foreach (SyntaxToken token in root.DescendantTokens())
        {
            AppendTrivia(html, token.LeadingTrivia);
            Append(html, token.Text, ClassOf(token));
            AppendTrivia(html, token.TrailingTrivia);
        }
        return html.ToString();
    }

    private static void AppendTrivia(StringBuilder html, SyntaxTriviaList trivia)
    {
        foreach (SyntaxTrivia piece in trivia)
            Append(html, piece.ToFullString(), piece.IsDirective ? "p" : IsComment(piece) ? "c" : null);
    }

    private static bool IsComment(SyntaxTrivia trivia) => trivia.Kind() is SyntaxKind.SingleLineCommentTrivia or SyntaxKind.MultiLineCommentTrivia
        or SyntaxKind.SingleLineDocumentationCommentTrivia or SyntaxKind.MultiLineDocumentationCommentTrivia or SyntaxKind.DisabledTextTrivia;

    private static string? ClassOf(SyntaxToken token)
    {
        if (token.IsKeyword() || SyntaxFacts.IsContextualKeyword(token.Kind()))
            return "k";
        switch (token.Kind())
        {
            case SyntaxKind.NumericLiteralToken: return "n";
            case SyntaxKind.StringLiteralToken or SyntaxKind.CharacterLiteralToken or SyntaxKind.InterpolatedStringStartToken
                or SyntaxKind.InterpolatedVerbatimStringStartToken or SyntaxKind.InterpolatedStringTextToken or SyntaxKind.InterpolatedStringEndToken
                or SyntaxKind.InterpolatedRawStringEndToken or SyntaxKind.InterpolatedSingleLineRawStringStartToken or SyntaxKind.InterpolatedMultiLineRawStringStartToken
                or SyntaxKind.SingleLineRawStringLiteralToken or SyntaxKind.MultiLineRawStringLiteralToken
                or SyntaxKind.Utf8StringLiteralToken or SyntaxKind.Utf8SingleLineRawStringLiteralToken or SyntaxKind.Utf8MultiLineRawStringLiteralToken:
                return "s";
            case SyntaxKind.IdentifierToken: return ClassOfName(token);
            default: return null;
        }
    }

    private static string? ClassOfName(SyntaxToken name)
    {
        if (name.Parent is IdentifierNameSyntax { IsVar: true })
            return "k";
        return name.Parent switch
        {
            BaseTypeDeclarationSyntax or DelegateDeclarationSyntax or TypeParameterSyntax or GenericNameSyntax { Parent: not InvocationExpressionSyntax and not MemberAccessExpressionSyntax } => "t",
            MethodDeclarationSyntax or LocalFunctionStatementSyntax => "f",
            SimpleNameSyntax simple => ClassOfUse(simple),
            _ => null,
        };
    }

    private static string? ClassOfUse(SimpleNameSyntax name)
    {
        if (name.Parent is InvocationExpressionSyntax i && i.Expression == name
            || name.Parent is MemberAccessExpressionSyntax { Parent: InvocationExpressionSyntax call } m && m.Name == name && call.Expression == m)
            return "f";
        bool isType = name.Parent switch
        {
            VariableDeclarationSyntax v => v.Type == name,
            ParameterSyntax p => p.Type == name,
            ObjectCreationExpressionSyntax or TypeArgumentListSyntax or CastExpressionSyntax or TypeOfExpressionSyntax or BaseTypeSyntax or ArrayTypeSyntax
                or NullableTypeSyntax or AttributeSyntax or CatchDeclarationSyntax or ForEachStatementSyntax { Type: var _ } => name.Parent is not ForEachStatementSyntax f || f.Type == name,
            MethodDeclarationSyntax d => d.ReturnType == name,
            LocalFunctionStatementSyntax l => l.ReturnType == name,
            PropertyDeclarationSyntax d => d.Type == name,
            // Without binding, a name that starts with a capital and has members is most often a type or a namespace.
            MemberAccessExpressionSyntax a => a.Expression == name && char.IsUpper(name.Identifier.ValueText[0]),
            _ => false,
        };
        return isType ? "t" : null;
    }

    private static void Append(StringBuilder html, string text, string? style)
    {
        if (text.Length == 0)
            return;
        string encoded = WebUtility.HtmlEncode(text);
        html.Append(style is null ? encoded : $"<span class=\"{style}\">{encoded}</span>");
    }
}
