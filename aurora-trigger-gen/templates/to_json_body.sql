BEGIN
    RETURN (
        SELECT row_to_json(image.*)
        FROM (
            SELECT
                {{ self.image("source_row", 16) }}
        ) AS image
        WHERE
            {{ self.trust("source_row", 12) }}
    );
END
