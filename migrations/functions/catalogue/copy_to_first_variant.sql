-- Copies SKU, price and threshold of a product to its first variant, which has the product's id, and lists a new
-- product in its own shop. Processes of the previous release write products only.
CREATE OR REPLACE FUNCTION public.copy_to_first_variant() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO public.variants (id, company_id, product_id, sku, price, currency, low_stock_threshold, created_at)
    VALUES (
        NEW.id, NEW.company_id, NEW.id, NEW.sku, NEW.price, NEW.currency, NEW.low_stock_threshold, NEW.created_at)
    ON CONFLICT (id) DO NOTHING;
    IF NOT FOUND THEN -- DO UPDATE would lock the row against orders, because the SKU is part of a key
        UPDATE public.variants
        SET sku = NEW.sku, price = NEW.price, low_stock_threshold = NEW.low_stock_threshold WHERE id = NEW.id;
    END IF;
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.listings (shop_id, product_id, company_id) VALUES (NEW.shop_id, NEW.id, NEW.company_id)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN NULL;
END $$;
